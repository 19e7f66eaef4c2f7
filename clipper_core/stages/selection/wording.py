"""Judge a sentence by its wording: whether it can open a clip, sells something, greets, or asks.

The lists are English. A transcript in another language is not judged by them: there only the terms that recur count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from clipper_core.domain.transcript import Transcript

_NOT_A_WORD = re.compile(r"[^\w'\-]+")


def listed(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


HESITATIONS = listed("um uh er erm ah oh eh mm hmm mm-hmm uh-huh")
FILLERS = listed("um uh er erm ah oh eh like well so i-i y'know")

# Words that lean on what was said before: as a clip's first real word they leave the listener outside.
LEANING = listed(
    """and but or nor because cause 'cause which who whom whose then also plus too though although however therefore
    he she they it him her them his hers their theirs its it's he's she's they're that's they've he'd she'd it'll
    they'll that'll this that these those there there's here
    yeah yep yes yup no nope okay ok 'kay right exactly sure mm mm-hmm mmhmm uh-huh hmm huh alright cool great totally
    absolutely correct definitely same either neither such instead otherwise anyway again"""
)

ANSWERS = listed(
    """yeah yep yes yup no nope okay ok 'kay right exactly sure mm mm-hmm mmhmm uh-huh hmm huh alright cool great
    totally absolutely correct definitely"""
)

ASKING = listed(
    """what why how when where who which is are was were do does did can could would will should have has isn't aren't
    don't doesn't didn't can't couldn't wouldn't shouldn't"""
)

STOPWORDS = listed(
    """a about above actually after again against all almost also although always am an and another any anything are
    around as at away back basically be became because become been before being below between both but by came can
    can't come could couldn't d did didn't do does doesn't doing don't done down each either else enough even ever
    every everything few first for from further gave get gets getting give go goes going gone gonna good got gotta had
    has hasn't have haven't having he he's her here here's hers herself him himself his how however i i'd i'll i'm i've
    if in instead into is isn't it it's its itself just kind kinda know last least less let let's like little ll look
    looking lot lots made make makes making many may maybe me mean means might mine more most much must my myself need
    never new next no none nor not nothing now of off often okay on once one ones only or other others our ours out
    over own part perhaps point pretty probably put quite rather re really right s said same saw say saying says see
    seem seems seen shall she should shouldn't since so some somebody someone something sort still stuff such sure t
    take takes tell than thank thanks that that's the their theirs them themselves then there there's these they
    they'd they'll they're they've thing things think thinking this those though thought through time times to too took
    trying try two under until up upon us use used using very wanna want wanted wants was wasn't way ways we we'd we'll
    we're we've well went were weren't what what's whatever when where whether which while who whole whom whose why
    will with without won't would wouldn't yeah yes yet you you'd you'll you're you've your yours yourself three
    um uh er erm ah oh eh mm hmm mm-hmm mmhmm uh-huh huh 'cause 'kay ok alright ooh sorry guess bit everybody
    everyone anyway obviously literally cool great exactly absolutely definitely totally"""
)

# How speakers mark that something new begins.
_TURNS = re.compile(
    r"^(?:(?:um|uh|so|and|okay|ok|all|right|alright|well|now|yeah|great|cool|but) )*"
    r"(?:let's (?:talk|move|go on|start|get into|turn|switch|jump|look)|moving on|next (?:up|question|thing|topic|one)|"
    r"another (?:question|thing|topic|one)|the next|first of all|first thing|last (?:question|thing|topic)|finally|"
    r"(?:tell|talk to|walk) (?:me|us)|i (?:want|wanted|would like|'d like) to (?:ask|talk|move|shift|touch)|"
    r"my (?:next|first|last) question|speaking of|the question is|i (?:have|had) a question|one more|"
    r"shall we|we(?:'ll| will| can) (?:move|start|go on)|to start|number (?:one|two|three|four|five))\b"
)
_OPENERS = re.compile(r"^(?:(?:um|uh) )*(?:okay|ok|'kay|alright|all right|right|now|so okay|so now)\b")

_SPONSOR = re.compile(
    r"\b(?:sponsor(?:s|ed by|ing)?|brought to you by|promo code|discount code|use (?:the )?code|coupon|free trial|"
    r"sign up (?:at|today|now)|percent off|% off|(?:head|go) (?:on )?over to \S+ (?:dot com|\.com)|visit \S+\.com|"
    r"\S+\.com slash|dot com slash|our partners?|affiliate|link in the (?:description|show notes|bio)|"
    r"(?:like|rate|review|subscribe)(?: and| or)? (?:subscribe|rate|review|share)|leave (?:us )?a review|patreon|"
    r"support (?:the|this|our) (?:show|podcast|channel)|word from our)\b"
)
_GREETING = re.compile(
    r"\b(?:welcome (?:back|to|everyone|everybody)|good (?:morning|afternoon|evening)|hello (?:everyone|everybody|and)|"
    r"hi everyone|hey everyone|thanks? (?:you )?(?:so much |very much )?for (?:having|joining|coming|being|listening|"
    r"watching|tuning)|my name is|joining (?:me|us) today|i'm your host|today's (?:guest|episode)|"
    r"see you (?:next|soon|later|all|guys)|good ?bye|bye(?: bye|-bye)?|take care|"
    r"that's (?:it|all) for (?:today|this|now)|"
    r"thank you (?:so much|very much|everyone|everybody|all)|round of applause|until next time)\b"
)
_HOOK = re.compile(
    r"\b(?:the (?:biggest|best|worst|hardest|most|key|main|real|first|only|reason|problem|thing|idea|question|answer|"
    r"truth|secret|difference)|imagine|never|nobody|everybody|everyone|always|mistake|story|remember when|the way|"
    r"one of the|i (?:think|believe|remember|learned|realised|realized|discovered)|if you|when i|what if)\b"
)


@lru_cache(maxsize=50_000)  # a recording repeats its words ten times over
def bare(text: str) -> str:
    """A word in lower case without its punctuation; empty for a lone dash or dots."""
    return _NOT_A_WORD.sub("", text.replace("\u2019", "'").lower()).strip("-'") or ""


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """A word without the endings that only grammar asks for. Crude, and good enough to count by."""
    for ending in ("'s", "ies", "ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


@dataclass(frozen=True, slots=True)
class PlainWords:
    """The words of a recording as they are compared: bare, and as stems. Each is at the number of its word.

    ``leaning`` says of each word that a clip that began with it would lean on what came before; it is empty where the
    language is not ``english``, since the lists do not apply.
    """

    bare: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    leaning: tuple[bool, ...] = ()
    english: bool = True


def plain_words(transcript: Transcript) -> PlainWords:
    """Read the words of a recording once."""
    english = speaks_english(transcript.language)
    words = tuple(bare(w.text) for w in transcript.words)
    leaning = tuple(leans(words[n : n + 4]) for n in range(len(words))) if english else ()
    return PlainWords(words, tuple(stem_of(w) for w in words), leaning, english)


def speaks_english(language: str) -> bool:
    """True if the lists apply. An unknown language counts as English: the harm of being wrong is small."""
    return language.lower()[:2] in ("en", "", "au", "un")


def first_real_word(words: Sequence[str]) -> str:
    """The first of ``words`` (bare) that is no filler, among the first four; empty if there is none."""
    return next((w for w in words[:4] if w and w not in FILLERS), "")


def leans(words: Sequence[str]) -> bool:
    """True if a sentence of these bare words needs what came before: a conjunction, an answer, a bare pronoun."""
    first = first_real_word(words)
    return not first or first in LEANING


def asks(words: Sequence[str]) -> bool:
    """True if bare words are put as a question, where no mark says so."""
    return first_real_word(words) in ASKING and len(words) >= 4


def turns_to_new(text: str) -> bool:
    """True if a sentence (lower case) announces another subject."""
    return bool(_TURNS.search(text))


def opens_new(text: str) -> bool:
    """True if a sentence (lower case) begins as speakers do when one thing is finished ("Okay, …", "Now …")."""
    return bool(_OPENERS.search(text))


def sells(text: str) -> bool:
    """True if a sentence (lower case) is of the kind heard in sponsor reads and calls to subscribe."""
    return bool(_SPONSOR.search(text))


def greets(text: str) -> bool:
    """True if a sentence (lower case) greets, introduces or says farewell."""
    return bool(_GREETING.search(text))


def hooks(text: str) -> bool:
    """True if a sentence (lower case) makes a claim one wants to hear the rest of."""
    return bool(_HOOK.search(text))
