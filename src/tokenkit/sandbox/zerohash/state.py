"""zerohash's state: payments, fund sessions, and the webhooks about them."""

from ..clock import Clock
from .fund_sessions import FundSessions
from .outbox import Outbox
from .payments import Payments

__all__ = ["ZerohashState"]


class ZerohashState:
    """What mints have started, by the sandbox's clock."""

    def __init__(self, clock: Clock) -> None:
        self.outbox: Outbox = Outbox(clock)
        self.payments: Payments = Payments(clock, self.outbox)
        self.fund_sessions: FundSessions = FundSessions(clock, self.outbox)

    def catch_up(self) -> None:
        """End what has expired, and add it to the outbox."""
        self.payments.expire()
        self.fund_sessions.expire()

    def clear(self) -> None:
        """Forget everything."""
        self.payments.clear()
        self.fund_sessions.clear()
        self.outbox.clear()
