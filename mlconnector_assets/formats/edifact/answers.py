"""Reading CONTRL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mlconnector_assets.dictionaries import shipped
from mlconnector_assets.formats.edi.answers import Answer, MessageAnswer, Reason, Status, component_at, messages_of, whole
from mlconnector_assets.formats.edi.reading import Batch
from mlconnector_assets.formats.edi.tokens import Elements
from mlconnector_assets.formats.edifact import codes

ACTIONS: Mapping[str, Status] = {
    codes.REJECTED: Status.REJECTED,
    codes.ACKNOWLEDGED: Status.ACCEPTED,
    codes.RECEIVED: Status.RECEIVED,
}


@dataclass
class _Level:
    """UCI or UCF, with the messages under it."""

    segment: Elements
    messages: list[MessageAnswer] = field(default_factory=list)

    @property
    def status(self) -> Status | None:
        """Of the whole: accepted in part where a message under it is rejected."""
        own = ACTIONS.get(component_at(self.segment, 4))
        rejected = any(one.status is Status.REJECTED for one in self.messages)
        return Status.PARTLY if own is Status.ACCEPTED and rejected else own


def edifact_answers(batch: Batch) -> Iterator[Answer]:
    """What the CONTRL among some messages say, of an interchange and then of each of its groups that is named."""
    for segments, sound in messages_of(batch, "CONTRL"):
        levels = list(_levels(segments))
        if not levels or levels[0].segment[0][0] != "UCI" or (status := levels[0].status) is None:
            continue
        interchange, groups = levels[0], levels[1:]
        if status is Status.ACCEPTED and any(one.status in (Status.PARTLY, Status.REJECTED) for one in groups):
            status = Status.PARTLY
        sender, receiver = (
            (component_at(interchange.segment, place, 1), component_at(interchange.segment, place)) for place in (2, 3)
        )
        about = component_at(interchange.segment, 1)
        for level in levels:
            of_level = status if level is interchange else level.status
            if of_level is not None:
                yield Answer(
                    "CONTRL",
                    sound,
                    sender,
                    receiver,
                    "interchange" if level is interchange else "group",
                    about,
                    "",
                    component_at(level.segment, 1),
                    of_level,
                    tuple(_reasons(level.segment, 5)),
                    tuple(level.messages),
                )


def _levels(segments: Sequence[Elements]) -> Iterator[_Level]:
    level: _Level | None = None
    message: MessageAnswer | None = None
    reasons: list[Reason] = []
    position: int | None = None

    def finish() -> None:
        if level is not None and message is not None:
            level.messages.append(MessageAnswer(message.type, message.reference, message.status, tuple(reasons)))

    for segment in segments:
        match segment[0][0]:
            case "UCI" | "UCF":
                finish()
                if level is not None:
                    yield level
                level, message, reasons = _Level(segment), None, []
            case "UCM":
                finish()
                status = ACTIONS.get(component_at(segment, 3))
                reasons = list(_reasons(segment, 4))
                message = MessageAnswer(component_at(segment, 2), component_at(segment, 1), status) if status else None
            case "UCS":
                position = whole(component_at(segment, 1))
                if code := component_at(segment, 2):
                    reasons.append(_reason(code, position))
            case "UCD":
                reasons.append(_reason(component_at(segment, 1), position, "", *_place(segment, 2)))
    finish()
    if level is not None:
        yield level


def _reasons(segment: Elements, place: int) -> Iterator[Reason]:
    """The reason of UCI, UCF or UCM: code, service segment, and place in it from this element on."""
    if code := component_at(segment, place):
        yield _reason(code, None, component_at(segment, place + 1), *_place(segment, place + 2))


def _place(segment: Elements, place: int) -> tuple[int | None, int | None]:
    """Element and component of S011, which counts the tag as the first element."""
    element = whole(component_at(segment, place))
    return (element - 1 if element else None), whole(component_at(segment, place, 1))


def _reason(
    code: str, position: int | None, segment: str = "", element: int | None = None, component: int | None = None
) -> Reason:
    text = shipped("edifact_syntax3").elements["0085"].explain(code) or "a code that we do not know"
    return Reason(f"0085 {code}", text, position, segment, element, component)
