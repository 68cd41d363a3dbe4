"""What a person looks at: the review page, the figures, and MLflow as a mirror of the ledger."""

from reexplore.tracking.records import CampaignRecord, CandidateRow, ParityPoint, RoundRecord, TrackingError

__all__ = ["CampaignRecord", "CandidateRow", "ParityPoint", "RoundRecord", "TrackingError"]
