import base64

import pytest

from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.partners.host_keys import KEY_TYPES, checked_host_key, host_keys_in
from tests.partners.samples import HOST_KEY


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_key_of_each_type_loses_its_comment(kind):
    encoded = base64.b64encode(len(kind).to_bytes(4) + kind.encode() + bytes(36)).decode()
    assert checked_host_key(f" {kind}  {encoded} root@sftp ") == f"{kind} {encoded}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"sftp.acme.example {HOST_KEY}", "begins with a host name; leave out 'sftp.acme.example'"),
        ("ssh-ed25519", "must be a key type and the key"),
        ("", "must be a key type and the key"),
        ("ssh-dss AAAAB3NzaC1kc3MAAA", "allowed types: `ssh-ed25519`"),
        (HOST_KEY[:-3], "is not valid base64; was the line cut"),
        (HOST_KEY[:40], "does not hold a key of type ssh-ed25519; was the line cut"),
        (HOST_KEY.replace("ssh-ed25519", "ssh-rsa"), "does not hold a key of type ssh-rsa"),
    ],
)
def test_bad_key(line, message):
    with pytest.raises(ValueError, match=message):
        checked_host_key(line)


def test_file_of_keys(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# ours\n\n{HOST_KEY} comment\n")
    assert host_keys_in(path) == (HOST_KEY,)


@pytest.mark.parametrize(
    ("content", "message"), [("", "no host key|holds no"), (f"{HOST_KEY}\nnonsense\n", "keys:2: the line must be a key type")]
)
def test_file_without_usable_keys(tmp_path, content, message):
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        host_keys_in(path)
    assert any(part in str(caught.value) for part in message.split("|"))


def test_missing_file_of_keys(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        host_keys_in(tmp_path / "absent")
    assert "No such file" in str(caught.value)
    assert "list the keys in host_keys:" in str(caught.value)
