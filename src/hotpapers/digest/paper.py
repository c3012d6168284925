"""The digest's declaration: the one room that is no paper."""

from hotpapers.common.papers import Paper

paper = Paper(
    slug="digest",
    title="The day's hot papers",
    purpose="Rank, search and publish the papers that people talk about, and say which of them run.",
    cli="hotpapers.digest.cli:app",
    claims="hotpapers.digest.claims:CLAIMS",
)
