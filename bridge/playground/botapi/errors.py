"""What the Bot API says when it refuses a call."""

from typing import Any


class ApiError(Exception):
    """A refused call: HTTP status, Telegram's description and optional response parameters."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """Return the JSON object that is sent instead of a result."""
        answer: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(reason: str, **parameters: Any) -> ApiError:
    """Return a 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {reason}", **parameters)


def forbidden(reason: str) -> ApiError:
    """Return a 403 with Telegram's prefix."""
    return ApiError(403, f"Forbidden: {reason}")


def not_simulated(what: str) -> ApiError:
    """Return a 400 for something that Telegram accepts and this simulator does not carry out."""
    return bad_request(f"[simulator] {what} is not simulated")
