"""Why a negotiation ended as it did: each reason is a sentence."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """What became of an offer, a request or a phase; the value is the sentence for the reader."""

    SIGNED = "signed: both sides gain at their own expectations"
    FIXED = "ordered in the shares of the start: this scenario does not negotiate"
    NO_SHARE = "nothing ordered: it had no share at the start, and this scenario does not negotiate"
    NOTHING_ASKED = "nothing asked: what is contracted covers what the tenant wants at its horizon"
    NOTHING_FREE = "nothing offered: all that it has or builds is let or used by itself"
    NO_APPETITE = "nothing offered: the return, less its risk, does not cover its hurdle"
    NO_FINANCE = "nothing offered: lenders and sponsors carry no further lease"
    NO_SHELLS = "nothing offered: no shells and no power in time"
    KEPT = "kept for the labs that the rival clouds fund or own"
    DEARER_THAN_MARKET = "refused: with delay and dependence it costs the tenant more than renting on the market"
    NOT_WORTH_IT = "refused: it costs more than the capacity is worth to the tenant"
    CHEAPER_FIRST = "not needed: cheaper offers fill the gap"
    GONE_TO_OTHERS = "gone to a tenant that gains more on it"
    MATCHED = "matched: its provider under contract supplies it itself"
    NO_CONSENT = "refused: the sole provider does not consent to all of it"

    CLUSTER_WON = "taken: the cheaper bid, delay and dependence counted"
    CLUSTER_LOST = "not taken: the other bid is cheaper, delay and dependence counted"
    CLUSTER_UNABLE = "no bid: it cannot carry the cluster, or asks more than it is worth to the tenant"
    CLUSTER_NOT_WANTED = "not taken: what the tenant lacks would not fill the cluster"

    RIGHT_WAIVED = "waived: the outside lease may be signed"
    RIGHT_MATCHED = "matched price and date"
    RIGHT_PARTLY = "matched as far as it could, the rest waived"
    SOLE_CONSENTS = "supplies what it can as sole provider and consents to the rest"
    SOLE_REFUSES = "supplies what it can as sole provider and consents to a part of the rest only"
    NO_RIGHT = "nobody holds a right of first refusal any more"
    NOTHING_PUT = "no outside offer to put to the holder"

    RELEASED = "agreed: the tenant pays for the step, both sides gain"
    NOT_PRESSED = "not on the table: requests that nobody met do not press the tenant yet"
    FREEDOM_WORTH_LITTLE = "not agreed: the holder would lose more than the tenant gains"
    FREEDOM_TOO_DEAR = "not agreed: the tenant would have to give too large a part of itself"

    ROUND_CLOSED = "closed in full"
    ROUND_SHORT = "closed short: the anchor's room and the others' supply at that price do not cover the ask"
    SUPPLY_SHORT = "closed short: the other investors put in no more at that value"
    NO_ROUND = "no round: the runway is longer than its trigger"
    RAISED_ALREADY = "no further round: one was closed this quarter already"
    NO_TAKER = "nobody invests at a price that the issuer takes"

    CONVERTED = "agreed: both sides gain"
    CONVERTED_BEFORE = "converted before this quarter"
    NOT_OPEN = "not on the table yet: boards and attorneys general have not come that far"
    NO_GAIN = "not agreed: the other holders would not gain from it"

    PAID = "paid as promised"
    NOTHING_DUE = "no tranche is due"
    CALL_MET = "lenders called: it sold and repaid down to its cap of loan to value"
    CALL_UNMET = "lenders called: it sold all that markets take and stays above its cap of loan to value"
    WAITS_FOR_CONVERSION = "part of it waits for the conversion"
    LAPSED = "the conversion did not come by its date: what waited for it lapsed, and its shares go back"
    CONDITION_WAIVED = "the conversion did not come by its date: the investor waived the condition and pays"

    LENT = "lent in full"
    LENT_TO_THE_LIMIT = "lent up to the limit and no further"
    LINE_USED_UP = "refused: what it owes already reaches its limit"
    NO_LINE = "refused: without revenue there is no line"
    CARRIES_NO_DEBT = "refused: its cash flow, contracts and plant carry no more debt"

    RESCUED = "saved: the price is bargained against default"
    RESCUED_IN_PART = "saved in part: the rescuers put in no more at that price"
    RENT_CUT = "cut for good: still no less than another tenant would bring"
    RELETS = "not cut: another tenant would bring as much"
    RELIEVED = "agreed: the tenant can pay what is left"
    RELIEVED_IN_PART = "agreed as far as re-letting is no better; the rest stays unpaid"
    CREDITORS_BECOME_HOLDERS = "default: leases end and debt goes with what is unpaid; creditors get shares for it"
    WRITTEN_OFF = "default: what is unpaid is lost; leases end and debt goes with it"

    UNDER_WAY = "financed and begun this quarter"
    WAITS_FOR_POWER = "waiting until all of their power is granted"
    WAITS_FOR_LOAN = "waiting for a loan with the power granted: lenders give too little of the cost"
    WAITS_FOR_GRANT = "waiting for the grid's word on the expansion"

    SERVED = "shipped in full"
    RATIONED = "rationed: the vendor could not ship all that was due"
    NO_ORDERS = "nothing was due"


BINDS = {
    "demand": "demand asks for no more",
    "appetite": "it is not willing to build more for this return",
    "power": "power expected when the chips arrive",
    "shells": "landlords start no more shells",
    "chips": "the vendor's backlog",
    "finance": "cash and lenders",
}
"""What binds an operator's order, in words; keys as in agents.views.BINDING."""
