"""The declaration of denoise: what the front door, the digest, the claims ledger and the docs read."""

from hotpapers.common.papers import Paper

paper = Paper(
    slug="denoise",
    arxiv_id="2008.02027",
    title="Learning to Denoise Historical Music",
    purpose="Take hiss, crackle, clicks and hum out of old recordings and leave the music.",
    cli="hotpapers.denoise.cli:app",
    demo="hotpapers.denoise.demo:demo",
    claims="hotpapers.denoise.claims:CLAIMS",
)
