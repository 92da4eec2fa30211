"""Networks that nothing of Berth ever dials or lets a workspace dial, whatever an organisation lists."""

METADATA_NETWORKS = (
    "169.254.0.0/16",  # link-local: metadata of AWS, Azure, Google, OpenStack; credentials of ECS and EKS
    "100.100.100.200/32",  # metadata of Alibaba
    "168.63.129.16/32",  # wire server of Azure
    "192.0.0.192/32",  # metadata of Oracle
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # metadata, DNS and pod identity of AWS
    "fd20:ce::254/128",  # metadata of Google
)
"""Where clouds hand out credentials to whoever asks."""
