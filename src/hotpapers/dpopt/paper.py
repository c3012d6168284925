"""The declaration of dpopt: what the front door, the digest, the claims ledger and the docs read."""

from hotpapers.common.papers import Paper

paper = Paper(
    slug="dpopt",
    arxiv_id="2008.01989",
    title="Differentially Private Accelerated Optimization Algorithms",
    purpose="Fit models to sensitive rows under an exact privacy budget, with a report for the privacy officer.",
    cli="hotpapers.dpopt.cli:app",
    demo="hotpapers.dpopt.demo:demo",
    claims="hotpapers.dpopt.claims:CLAIMS",
)
