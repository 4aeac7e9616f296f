"""Reports as JUnit XML: a clip is a suite, a rule a case, one that could not judge is skipped."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from physcheck.records import FLAG_PROBABILITY, Report, Unread, ViolationRecord
from physcheck.render import wording

__all__ = ["render_junit"]

_READING = "reading"


def render_junit(outcomes: Iterable[Report | Unread]) -> str:
    """Draw the XML.

    A rule fails where it is broken with a probability of at least one half, and is skipped
    where it judged nothing. A clip that could not be read is a suite with an error.
    """
    root = ElementTree.Element("testsuites", name="physcheck")
    for outcome in outcomes:
        _add_suite(root, outcome)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add_suite(root: ElementTree.Element, outcome: Report | Unread) -> None:
    if isinstance(outcome, Unread):
        suite = _sub(root, "testsuite", name=outcome.path)
        case = _sub(suite, "testcase", classname=outcome.path, name=_READING)
        _sub(case, "error", message=outcome.error, type="unread")
    else:
        seconds = f"{outcome.seconds.get('total', 0.0):.3f}"
        suite = _sub(root, "testsuite", name=outcome.video.path, time=seconds)
        for rule in outcome.timeline.rules:
            _add_case(suite, outcome, rule)
        if outcome.problems:
            case = _sub(suite, "testcase", classname=outcome.video.path, name=_READING)
            _sub(case, "error", message="; ".join(outcome.problems), type="partial")
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in suite)))


def _add_case(suite: ElementTree.Element, report: Report, rule: str) -> None:
    case = _sub(suite, "testcase", classname=report.video.path, name=rule)
    own = [one for one in report.violations if one.rule == rule]
    sure = [one for one in own if one.probability >= FLAG_PROBABILITY]
    lane = report.timeline.rules[rule]
    if sure:
        # Readers know one failure a case: it tells of all.
        surest = max(sure, key=lambda one: one.probability)
        failure = _sub(case, "failure", message=_line(surest), type=rule)
        failure.text = _printable("\n".join(map(_line, sure)))
    elif not lane.judged:
        _sub(case, "skipped", message=f"could not be judged{_reasons(lane.abstained)}")
    doubtful = [one for one in own if one not in sure]
    if doubtful:
        _sub(case, "system-out").text = _printable("\n".join(map(_line, doubtful)))


def _line(one: ViolationRecord) -> str:
    last = max(one.start_frame, one.stop_frame - 1)
    where = f"{one.start_s:.2f} s, frames {one.start_frame}-{last}"
    return f"{wording.who(one)}, {where}: {one.explanation}, p={one.probability:.2f}"


def _reasons(abstained: dict[str, float]) -> str:
    parts = [f"{reason} {wording.percent(share)}" for reason, share in abstained.items()]
    return f": {', '.join(parts[:3])}" if parts else ""


def _sub(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    said = {name: _printable(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, said)


def _printable(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(c if c in "\t\n" or (c >= " " and c.isprintable()) else "?" for c in text)
