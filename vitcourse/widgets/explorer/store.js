// The images that this view has: those sent at once, those computed since, one's own (number -1).
const KEPT = 12; // of those computed since; an older one is asked for again

function store(model, about) {
  const slots = new Map();
  const added = [];

  function put(slot) {
    if (!slot || slot.number === undefined) return null;
    const unpacked = unpack(slot, about);
    slots.set(slot.number, unpacked);
    return unpacked;
  }

  for (const slot of model.get("preloaded")) put(slot);
  const sent = slots.size;

  return {
    sent,
    all: () => [...slots.values()],
    get: (number) => slots.get(number),
    // What has come since; null where it was nothing.
    take(name) {
      const slot = put(model.get(name));
      if (slot && slot.number >= sent && !added.includes(slot.number)) added.push(slot.number);
      if (added.length > KEPT) slots.delete(added.shift());
      return slot;
    },
  };
}
