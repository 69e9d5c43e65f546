"""get_token() for ZDK's rooms, chats and events: services with their own hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tokenkit import ZdkClient, zdk

if TYPE_CHECKING:
    from tokenkit.extension import Call, IssuedToken
    from tokenkit.sandbox import Sandbox


def test_tokens_of_services_are_reused(sandbox: Sandbox) -> None:
    """An equal call gets the same token; another place, user or service gets another one."""
    calls: list[Call[IssuedToken]] = [
        zdk.RoomTokenRequest(user_id="u", room_id="1"),
        zdk.RoomTokenRequest(user_id="u", room_id="2"),
        zdk.RoomTokenRequest(user_id="v", room_id="1"),
        zdk.RoomTokenRequest(user_id="u", room_id="1", permissions=["read"]),
        zdk.ChatTokenRequest(user_id="u", chat_id="1"),
        zdk.EventTokenRequest(user_id="u", event_id="1"),
        zdk.UserTokenRequest(id="u"),
    ]
    with sandbox.zdk_client(token_lifetime=timedelta(minutes=5)) as client:
        tokens = [client.get_token(call) for call in calls]
        assert [client.get_token(call) for call in calls] == tokens
        assert len({token.token for token in tokens}) == len(calls)
        assert client.token_cache.statistics().mints == len(calls)


def test_tenants_share_no_token_of_a_service(sandbox: Sandbox) -> None:
    """Two tenants' tokens for one service never mix in a shared cache."""
    call = zdk.RoomTokenRequest(user_id="u", room_id="1")
    with sandbox.zdk_client(token_lifetime=timedelta(minutes=5)) as one:
        first = one.get_token(call)
        headers = {"x-tenant": "two"}
        two: ZdkClient = one.with_options(headers=headers)
        second = two.get_token(call)
        assert second.token != first.token
        assert one.get_token(call) == first
        assert two.get_token(call) == second
