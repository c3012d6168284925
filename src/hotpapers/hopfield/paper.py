"""The declaration of modern Hopfield networks."""

from hotpapers.common.papers import Paper

paper = Paper(
    slug="hopfield",
    title="Hopfield Networks is All You Need",
    purpose="Store and retrieve vectors, classify bags and read attention heads with modern Hopfield networks.",
    arxiv_id="2008.02217",
    cli="hotpapers.hopfield.cli:app",
    demo="hotpapers.hopfield.demo:demo",
    claims="hotpapers.hopfield.claims:CLAIMS",
)
