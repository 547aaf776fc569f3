// Questions with a few answers each. The browser knows the reasons and answers by itself; what was tried goes to Python.
let quizzes = 0;

function make(tag, className = "", more = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}

// Text arrives as text, never as markup; what stands between backticks is code.
function write(node, text) {
  node.replaceChildren();
  text.split("`").forEach((part, index) => {
    if (index % 2) node.append(Object.assign(document.createElement("code"), { textContent: part }));
    else node.append(part);
  });
}

function count(questions, tried) {
  const begun = tried.filter((answers) => answers.length).length;
  const right = questions.filter((question, q) => tried[q].length && question.answers[tried[q][0]].right).length;
  if (!begun) return "";
  const left = questions.length - begun;
  const rest = left ? ` ${left} ${left > 1 ? "questions are" : "question is"} left.` : "";
  return `${right} of ${begun} right at the first try.${rest}`;
}

// One question: its text, its answers, and the place for the reason.
function ask(question, number, choose) {
  const id = `vitcourse-quiz-${++quizzes}`;
  const group = make("div", "vitcourse-question", { role: "group", "aria-labelledby": id });
  const text = make("div", "vitcourse-question-text", { id });
  const figure = make("span", "vitcourse-question-number");
  figure.textContent = `${number}.`;
  const words = make("span");
  write(words, question.text);
  text.append(figure, " ", words);
  const list = make("div", "vitcourse-answers");
  const reason = make("div", "vitcourse-reason", { role: "status" });
  const buttons = question.answers.map((answer, a) => {
    const button = make("button", "vitcourse-answer", { type: "button" });
    const sign = make("span", "vitcourse-sign", { "aria-hidden": "true" });
    const label = make("span", "vitcourse-answer-text");
    write(label, answer.text);
    const said = make("span", "vitcourse-said");
    button.append(sign, label, said);
    button.addEventListener("click", () => choose(a));
    list.append(button);
    return { button, sign, said };
  });
  group.append(text, list, reason);

  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const here = buttons.findIndex(({ button }) => button === event.target);
    if (here < 0) return;
    const last = buttons.length - 1;
    const goal = {
      ArrowDown: here === last ? 0 : here + 1,
      ArrowRight: here === last ? 0 : here + 1,
      ArrowUp: here === 0 ? last : here - 1,
      ArrowLeft: here === 0 ? last : here - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (goal !== undefined) {
      buttons[goal].button.focus();
      event.preventDefault();
    }
    // Else JupyterLab takes arrows as "next cell" and Enter as "edit this cell". Shift+Enter is left to it.
    if (goal !== undefined || event.key === "Enter" || event.key === " ") event.stopPropagation();
  });

  function update(tried, shown) {
    buttons.forEach(({ button, sign, said }, a) => {
      const known = tried.includes(a);
      const right = question.answers[a].right;
      sign.textContent = known ? (right ? "✓" : "✗") : "";
      said.textContent = known ? (right ? "(right)" : "(wrong)") : "";
      button.classList.toggle("vitcourse-right", known && right);
      button.classList.toggle("vitcourse-wrong", known && !right);
      if (a === shown) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    const answer = question.answers[shown];
    reason.classList.toggle("vitcourse-right", Boolean(answer?.right));
    reason.classList.toggle("vitcourse-wrong", Boolean(answer && !answer.right));
    if (!answer) {
      reason.replaceChildren();
      return;
    }
    const verdict = make("strong");
    verdict.textContent = answer.right ? "Right. " : "Wrong. ";
    const because = make("span");
    write(because, answer.reason);
    reason.replaceChildren(verdict, because);
  }

  return { group, update };
}

function render({ model, el }) {
  el.classList.add("vitcourse-quiz");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", model.get("title"));
  const questions = model.get("questions");
  const score = make("div", "vitcourse-score", { role: "status" });

  function choose(q, a) {
    const tried = model.get("tried").map((answers) => [...answers]);
    if (!tried[q].includes(a)) tried[q].push(a);
    model.set("tried", tried);
    model.set("shown", model.get("shown").map((old, i) => (i === q ? a : old)));
    model.save_changes();
  }

  const asked = questions.map((question, q) => ask(question, q + 1, (a) => choose(q, a)));
  el.append(...asked.map(({ group }) => group), score);

  function update() {
    const [tried, shown] = [model.get("tried"), model.get("shown")];
    asked.forEach((one, q) => one.update(tried[q], shown[q]));
    score.textContent = count(questions, tried);
  }

  model.on("change:tried", update);
  model.on("change:shown", update);
  update();

  return () => {
    model.off("change:tried", update);
    model.off("change:shown", update);
  };
}

export default { render };
