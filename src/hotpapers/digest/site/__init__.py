"""The static site, its feeds, the newsletter, and a server to look at them."""

from hotpapers.digest.site.newsletter import newsletter, send, write_newsletter
from hotpapers.digest.site.pages import Site
from hotpapers.digest.site.server import make_server, serve

__all__ = ["Site", "make_server", "newsletter", "send", "serve", "write_newsletter"]
