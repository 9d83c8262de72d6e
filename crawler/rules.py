"""Which URLs a crawl wants, as its owner set it."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from crawler.frontier import Via
from crawler.patterns import Glob, matches_any
from crawler.urls import same_site

Refusal = tuple[str, str]  # a stable code, and a sentence
LISTS = (Via.SITEMAP, Via.FEED)  # read for their URLs wherever they are, never indexed
# what is linked from pages but holds no text that could be asked for
NO_TEXT = frozenset(
    ".7z .apk .avi .avif .bin .bmp .bz2 .cab .css .deb .dmg .eot .exe .flac .flv .gif .gz .heic .ico .iso .jar .jpeg "
    ".jpg .js .m4a .m4v .mjs .mkv .mov .mp3 .mp4 .mpeg .mpg .msi .ogg .ogv .opus .otf .pkg .png .ps .rar .rpm .svg "
    ".swf .tar .tgz .tif .tiff .ttf .wasm .wav .webm .webmanifest .webp .whl .woff .woff2 .xpi .xz .zip .zst".split()
)


@dataclass(frozen=True, slots=True)
class Rules:
    """`site` is the start URL in normal form; its host is the site."""

    site: str
    subdomains: bool = False
    include: tuple[Glob, ...] = ()
    exclude: tuple[Glob, ...] = ()
    max_depth: int = 20

    def is_ours(self, url: str) -> bool:
        return same_site(url, self.site, subdomains=self.subdomains)

    def refusal(self, url: str, via: Via, depth: int) -> Refusal | None:
        """Why a URL of the site is not fetched; None when it is."""
        if via in LISTS:
            return None
        if matches_any(self.exclude, url):
            return "EXCLUDED", "An exclude pattern names it."
        if depth > self.max_depth:
            return "TOO_DEEP", f"It is more than {self.max_depth} links away from the start."
        if has_no_text(url):
            return "NOT_TEXT", "Files of this kind hold no text."
        if via is not Via.START and not self.is_included(url):
            return "NOT_INCLUDED", "No include pattern names it."
        return None

    def is_included(self, url: str) -> bool:
        """Whether its text is wanted; the start page is read for its links in any case."""
        return not self.include or matches_any(self.include, url)


def has_no_text(url: str) -> bool:
    """By the suffix, so that nobody's pictures and programs are downloaded for nothing. Sitemaps may end in .gz."""
    name = PurePosixPath(urlsplit(url).path.lower())
    return name.suffix in NO_TEXT and not name.name.endswith(".xml.gz")
