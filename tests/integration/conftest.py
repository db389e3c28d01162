from tests.sshd import account, ssh_keys, sshd, start_sshd  # noqa: F401
