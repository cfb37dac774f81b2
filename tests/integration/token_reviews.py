"""The one question that Vault asks a Kubernetes API: whose token is this? (TokenReview)."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from devstack.ports import HOST

NAMESPACE: Final = "pandora"
ACCOUNT: Final = "user-service"


@dataclass(kw_only=True)
class ClusterApi:
    """Issues tokens of a service account, and knows which of them are good."""

    port: int = 0
    good: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def issue(self, file: Path, *, account: str = ACCOUNT) -> str:
        """Put a new token where the pod finds it; those before are good no more."""
        claims = {
            "iss": "kubernetes/serviceaccount",
            "sub": f"system:serviceaccount:{NAMESPACE}:{account}",
            "jti": str(uuid.uuid4()),
            "iat": int(time.time()),
            "nbf": int(time.time()),
            "exp": int(time.time()) + 3600,
            "kubernetes.io": {
                "namespace": NAMESPACE,
                "serviceaccount": {"name": account, "uid": self.uid},
            },
        }
        # Nobody checks the signature here but the API itself, which knows its tokens by heart.
        token = ".".join([_part({"alg": "RS256"}), _part(claims), "c2lnbmF0dXJl"])
        self.good = {token: account}
        file.write_text(token)
        return token

    def review(self, token: str) -> dict[str, Any]:
        """Return the status of a TokenReview."""
        self.asked.append(token)
        account = self.good.get(token)
        if account is None:
            return {"authenticated": False, "error": "invalid bearer token"}
        return {
            "authenticated": True,
            "user": {
                "username": f"system:serviceaccount:{NAMESPACE}:{account}",
                "uid": self.uid,
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}"],
            },
        }


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@contextmanager
def cluster_api() -> Iterator[ClusterApi]:
    """Answer TokenReviews for as long as the block runs."""
    api = ClusterApi()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = self.path == "/apis/authentication.k8s.io/v1/tokenreviews"
            answer = asked | {"status": api.review(asked["spec"]["token"])}
            body = json.dumps(answer).encode()
            self.send_response(201 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    api.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
