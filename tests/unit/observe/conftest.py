import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lastgood.observe import prometheus


@pytest.fixture
async def asker() -> AsyncIterator[prometheus.Prometheus]:
    asker = prometheus.Prometheus()
    yield asker
    await asker.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 that signs itself, cert.pem, and its key, key.pem."""
    folder = tmp_path_factory.mktemp("tls")
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    request += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*request.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="session")
def authority(certificate: Path) -> str:
    return (certificate / "cert.pem").read_text()


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context
