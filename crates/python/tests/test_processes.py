from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading

import lookalike as la
import pytest


def ask(clf: la.Classifier, paths: list[str]) -> list[dict]:
    return clf.predict(paths).to_dicts()


def count(_: object) -> int:
    return la.threads()


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_other_processes_answer_alike(method, clf, strangers):
    expected = ask(clf, strangers)
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.starmap_async(ask, [(clf, strangers)] * 2).get(timeout=300)
    assert answers == [expected] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_computes_or_says_why_not(clf, strangers):
    """Also while another thread is using the classifier, and in a child's child."""
    expected = ask(clf, strangers)
    running = threading.Event()
    ended = threading.Event()

    def busy():
        while not ended.is_set():
            running.set()
            clf.predict(strangers)

    thread = threading.Thread(target=busy)
    thread.start()
    running.wait()
    codes = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                grandchild = os.fork()
                if grandchild:
                    code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
                else:
                    try:
                        code = 0 if ask(clf, strangers) == expected else 2
                    except la.Error as error:
                        code = 0 if "forked" in str(error) and error.help else 3
                    fresh = la.Classifier.from_bytes(DATA) if code == 0 else clf
                    code = code or (0 if ask(fresh, strangers) == expected else 4)
            finally:
                os._exit(code)
        codes.append(child)
    codes = [waited(child, 120) for child in codes]
    ended.set()
    thread.join()
    assert codes == [0] * len(codes)


DATA = b""


@pytest.fixture(autouse=True)
def _bytes(clf):
    global DATA
    DATA = clf.to_bytes()


def waited(child: int, seconds: float) -> int:
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1


def test_threads_share_a_classifier(clf, strangers):
    calls = 500 if os.environ.get("LOOKALIKE_SLOW") else 20
    expected = ask(clf, strangers[:1])
    wrong = []

    def work():
        for _ in range(calls):
            if ask(clf, strangers[:1]) != expected:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(600) for thread in threads]
    assert not any(thread.is_alive() for thread in threads) and not wrong


def test_other_threads_run_while_a_network_does(clf, strangers):
    counted, ended = [0], threading.Event()

    def work():
        while not ended.is_set():
            counted[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    before = counted[0]
    clf.predict(strangers)
    after = counted[0]
    ended.set()
    thread.join()
    assert after > before


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "3,2"}, 3),
        ({"OMP_NUM_THREADS": "3", "LOOKALIKE_THREADS": "2"}, 2),
        ({"OMP_NUM_THREADS": "many"}, len(os.sched_getaffinity(0))),
        ({}, len(os.sched_getaffinity(0))),
    ],
)
def test_the_environment_says_how_many_threads(variables, expected):
    names = ("OMP_NUM_THREADS", "LOOKALIKE_THREADS")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    script = "import lookalike; print(lookalike.threads())"
    command = [sys.executable, "-c", script]
    printed = subprocess.run(command, env=clean | variables, capture_output=True, text=True)
    # A container's limit may leave fewer than the processors that a process may use.
    assert int(printed.stdout) == expected or (not variables and int(printed.stdout) < expected)


def test_answers_do_not_depend_on_threads(clf, strangers):
    before = la.threads()
    answers = []
    for threads in (1, 3, before):
        la.set_threads(threads)
        assert la.threads() == threads
        answers.append(ask(clf, strangers))
    assert answers[0] == answers[1] == answers[2]
    with pytest.raises(la.InputError):
        la.set_threads(0)


def test_an_import_takes_nothing_along():
    script = (
        "import sys, lookalike\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'polars', 'PIL', 'sklearn', 'tqdm'}\n"
        "found = heavy & set(sys.modules)\n"
        "print(found)\n"
        "sys.exit(bool(found))"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


LOOP = """
import gc, os, sys, lookalike as la
model, picture, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
clf, data = la.Classifier.load(model), open(picture, "rb").read()

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

def rounds(count):
    for _ in range(count):
        clf.predict(b"broken")  # the same way without the network, which takes the time
    for _ in range(4):
        clf.predict([data] * 16)

rounds(calls // 4)
before = resident()
rounds(calls)
print(resident() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_calls_leave_nothing_behind(run, strangers):
    calls = 10_000 if os.environ.get("LOOKALIKE_SLOW") else 400
    command = [sys.executable, "-c", LOOP, run.path, strangers[0], str(calls)]
    # Several arenas grow by turns, which says nothing.
    one_arena = os.environ | {"MALLOC_ARENA_MAX": "1"}
    printed = subprocess.run(command, env=one_arena, capture_output=True, text=True, check=True)
    print(f"{float(printed.stdout):.1f} MB after {calls} calls")
    assert float(printed.stdout) < 5
