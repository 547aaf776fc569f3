"""What a button starts: one thread, stopped at a step, resumed, and its errors shown."""

import threading
import time

import pytest

from vitcourse.widgets import choices, job, slider


def counting(until=40, pause=0.01, **controls):
    threads = []

    def steps(**values):
        threads.append(threading.current_thread())
        for i in range(until):
            time.sleep(pause)
            yield i

    def curve(figure):
        axes = figure.subplots()
        axes.set(xlim=(0, 100), ylim=(0, 100))
        (line,) = axes.plot([], [])

        def update(records):
            line.set_data(range(len(records)), records)
            return f"{len(records)} steps"

        return update

    made = job(steps, curve, alt=f"Counts {time.monotonic_ns()}.", size=(120, 90), total=until, **controls)
    return made, threads


def test_it_runs_in_another_thread_to_its_end():
    shown, threads = counting(until=10)
    first = shown.figure.png
    assert shown.state == "ready"
    shown._start.click()
    assert shown.wait(5)
    assert shown.state == "done"
    assert shown.records == list(range(10))
    assert threads[0] is not threading.current_thread()
    assert shown.figure.caption == "10 steps"
    assert shown.figure.png != first
    assert shown._bar.value == 1.0


def test_stop_and_resume():
    shown, threads = counting()
    shown.start()
    time.sleep(0.1)
    shown._stop.click()
    assert shown.wait(2)
    assert shown.state == "stopped"
    so_far = list(shown.records)
    assert 0 < len(so_far) < 40
    assert (shown._start.disabled, shown._stop.disabled, shown._resume.disabled) == (False, True, False)
    time.sleep(0.05)
    assert shown.records == so_far
    shown._resume.click()
    assert shown.wait(5)
    assert shown.records == list(range(40))
    assert len(threads) == 1  # the generator went on, it was not begun again


def test_start_begins_anew_after_a_stop():
    shown, threads = counting()
    shown.start()
    time.sleep(0.05)
    shown.stop()
    shown.wait(2)
    shown.start()
    assert shown.wait(5)
    assert shown.records == list(range(40))
    assert len(threads) == 2


def test_it_never_runs_twice_at_once():
    shown, threads = counting()
    starters = [threading.Thread(target=shown.start) for _ in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    shown.resume()
    assert shown.wait(5)
    assert len(threads) == 1
    assert shown.records == list(range(40))


def test_controls_are_read_at_the_start_and_rest_meanwhile():
    given = []

    def steps(lr, epochs):
        given.append((lr, epochs))
        for i in range(20):
            time.sleep(0.01)
            yield i

    shown = job(steps, alt="Waits.", lr=choices([0.1, 0.2], value=0.2), epochs=slider(1, 3, value=2))
    shown.start()
    time.sleep(0.05)
    assert shown._panel.controls["lr"].widget.disabled
    shown.wait(5)
    assert not shown._panel.controls["lr"].widget.disabled
    assert given == [(0.2, 2)]


def test_an_error_in_a_step_is_shown():
    def steps():
        yield 1
        raise RuntimeError("the loss is <nan>")

    shown = job(steps, alt="Fails.")
    shown.start()
    shown.wait(5)
    assert shown.state == "failed"
    assert isinstance(shown.error, RuntimeError)
    assert shown._text.value == "RuntimeError: the loss is &lt;nan&gt;"
    assert not shown._start.disabled


def test_an_error_in_the_picture_is_shown():
    def curve(figure):
        def update(records):
            if records:
                raise KeyError("loss")

        return update

    shown = job(lambda: iter([1, 2]), curve, alt="Fails to draw.")
    shown.start()
    shown.wait(5)
    assert shown.state == "failed"
    assert shown.figure.error == "KeyError: 'loss'"
    assert (shown._start.disabled, shown._stop.disabled) == (False, True)


def test_the_picture_follows_at_most_five_times_a_second():
    shown, _ = counting(until=100, pause=0.005)
    began, before = time.monotonic(), shown._screen.drawn
    shown.start()
    shown.wait(10)
    seconds = time.monotonic() - began
    assert 2 <= shown._screen.drawn - before <= 5 * seconds + 3


def test_strings_are_shown_as_they_come():
    shown = job(lambda: iter(["patch 4: 12 ms", "patch 2: <slow>"]), alt="Times one step.")
    shown.start()
    shown.wait(5)
    assert shown._text.value == "patch 2: &lt;slow&gt;"


def test_total_comes_from_the_records_too():
    class Record:
        total_steps = 4

    shown = job(lambda: [Record(), Record()], alt="Half.")
    shown.start()
    shown.wait(5)
    assert shown._bar.value == pytest.approx(0.5)
    assert "step 2 of 4" in shown._text.value


def test_making_it_again_stops_the_one_before():
    def forever():
        while True:
            time.sleep(0.01)
            yield 0

    first = job(forever, alt="Never ends.")
    first.start()
    second = job(forever, alt="Never ends.")
    assert first.wait(2)
    assert first.state == "stopped"
    second.start()
    second.close()
    assert second.wait(2)
