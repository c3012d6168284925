"""Word shifts' data set: speeches, a novel, lexicons, and the golden values that the tests compare with."""

from hotpapers.common.datasets import DataSet

__all__ = ["WORDSHIFT"]

WORDSHIFT = DataSet(
    name="wordshift",
    files={
        "1970-Nixon.cp1252.txt": "d0ed02f7ad0fbe28f2ea2b0781c29cafcc1cb467c37e8e2cc760f9004010ef7d",
        "counts_gwb.tsv.gz": "7a9be740a75c6a3289737b2cece9d263ecec98702519295dd1aa6b94c97dd270",
        "counts_lbj.tsv.gz": "b8b58a0b6a4a4d665cbcacd9d9d6b1bc12fa33686069e5206feb270ee88dda30",
        "counts_moby_first_half.tsv.gz": "96174cf487ba40e5698a88da079112a00655c772f2fe3fa253d3f0e9cd1282d6",
        "counts_moby_second_half.tsv.gz": "0d0f994b1d403494957a52976c73b2022ad61ff156dad4b36e1eb0d22ab01ca1",
        "golden.json.gz": "0a9b91577f661252241f01fb2fbe1ffe3dc0d5c5b17328787a021ac643da2896",
        "golden_tokenise.json": "9108a424a4365846d47b6cfeddf62d52b89ad076465610001aa26236fa756d9d",
        "labMT_English.tsv.gz": "54e25c19e460431b0d4b4bd519439d490809c069056c351fcd0a5bb0dbab918d",
        "moby_dick.txt.gz": "a6a143858cc4e8979ad59d1505e3dfcd574689eeccf9208b0642a9641e6f094d",
        "socialsent_historical.tsv.gz": "91ff8b4f87f8c59a7ccb976d237894c5baf745eb7c8ee086ebeba4b735cd856c",
        "state_union.jsonl.gz": "98faf58affe0f34859e64614dcd11de76dab009bc00780d8a9e51cc99e257e15",
        "udhr_tokenise.jsonl.gz": "00bf7b691cf42d779a07b5c9d9ddfbb07a3557ecb533ad74b0023244f93e43a7",
        "vader_lexicon.txt.gz": "611dd3ceaedf3d4fa59ad5520bfa4218ba8b7c657d71f72098bd65c09216c3bf",
    },
    licence="texts and SocialSent: public domain; VADER: MIT; labMT: CC BY-NC-SA 4.0, not to be bundled",
    source="nltk/nltk_data, GITenberg, shifterator's and VADER's repositories: the folder's README names each commit",
)
