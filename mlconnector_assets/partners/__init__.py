"""What is agreed with a trading partner: where files go, which documents, in which layout, and when."""

from mlconnector_assets.partners.specification import Flow, Folders, Partner, SftpTarget

__all__ = ["Flow", "Folders", "Partner", "SftpTarget"]
