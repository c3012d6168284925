"""The declaration of generalized word shift graphs."""

from hotpapers.common.papers import Paper

paper = Paper(
    slug="wordshift",
    title="Generalized Word Shift Graphs",
    purpose="See which words make two texts differ, and how: a graph, a page, a table.",
    arxiv_id="2008.02250",
    cli="hotpapers.wordshift.cli:app",
    demo="hotpapers.wordshift.demo:demo",
    claims="hotpapers.wordshift.claims:CLAIMS",
)
