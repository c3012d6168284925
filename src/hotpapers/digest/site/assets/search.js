// Search over the papers that the page carries: BM25 with prefixes, ranked, by keyboard. Nothing is sent anywhere.
"use strict";
(() => {
  const ROW = { address: 0, day: 1, title: 2, authors: 3, categories: 4, abstract: 5 };
  const WEIGHTS = [[ROW.title, 4], [ROW.authors, 3], [ROW.categories, 3], [ROW.abstract, 1]];
  const SHOWN = 50;
  const K1 = 1.2;
  const B = 0.6;

  const papers = JSON.parse(document.getElementById("papers").textContent);
  const box = document.getElementById("search");
  const field = document.getElementById("query");
  const results = document.getElementById("results");
  const count = document.getElementById("count");
  const all = document.getElementById("all");
  let index = null;

  // Lower case without accents; scripts that write without blanks are cut into single characters.
  const words = (text) =>
    text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}]+/gu) || [];

  // term -> [paper, weight, paper, weight, ...]
  function build() {
    const postings = new Map();
    const lengths = new Float64Array(papers.length);
    papers.forEach((paper, number) => {
      const weights = new Map();
      for (const [column, weight] of WEIGHTS) {
        for (const word of words(paper[column])) {
          weights.set(word, (weights.get(word) || 0) + weight);
          lengths[number] += weight;
        }
      }
      for (const [word, weight] of weights) {
        if (!postings.has(word)) postings.set(word, []);
        postings.get(word).push(number, weight);
      }
    });
    const mean = lengths.reduce((sum, length) => sum + length, 0) / (papers.length || 1) || 1;
    return { postings, lengths, mean, terms: [...postings.keys()].sort() };
  }

  function firstAtLeast(terms, prefix) {
    let low = 0;
    let high = terms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (terms[middle] < prefix) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Paper -> score of its best term that starts with `word`; the whole word counts more than a beginning.
  function scores(word) {
    const found = new Map();
    const { postings, lengths, mean, terms } = index;
    for (let place = firstAtLeast(terms, word); place < terms.length && terms[place].startsWith(word); place++) {
      const list = postings.get(terms[place]);
      const papersWithTerm = list.length / 2;
      const rarity = Math.log(1 + (papers.length - papersWithTerm + 0.5) / (papersWithTerm + 0.5));
      const whole = terms[place] === word ? 1 : 0.5;
      for (let item = 0; item < list.length; item += 2) {
        const paper = list[item];
        const weight = list[item + 1];
        const score = whole * rarity * (weight * (K1 + 1)) / (weight + K1 * (1 - B + B * lengths[paper] / mean));
        if (score > (found.get(paper) || 0)) found.set(paper, score);
      }
    }
    return found;
  }

  // Papers that have every word, best first; among equals the newer one.
  function search(query) {
    index = index || build();
    let totals = null;
    for (const word of new Set(words(query))) {
      const found = scores(word);
      if (totals === null) {
        totals = found;
        continue;
      }
      for (const [paper, score] of totals) {
        if (found.has(paper)) totals.set(paper, score + found.get(paper));
        else totals.delete(paper);
      }
    }
    return [...(totals || [])].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([paper]) => papers[paper]);
  }

  function element(name, text, kind) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function item(paper) {
    const made = element("li");
    const link = element("a", paper[ROW.title]);
    link.href = paper[ROW.address];
    link.dir = "auto";
    const names = paper[ROW.authors];
    const abstract = paper[ROW.abstract];
    made.append(
      link,
      element("p", names.length > 160 ? names.slice(0, 159) + "…" : names, "byline"),
      element("p", abstract.length > 260 ? abstract.slice(0, 259) + "…" : abstract, "snippet"),
      element("p", paper[ROW.day] + (paper[ROW.categories] ? ", " + paper[ROW.categories] : ""), "when"),
    );
    return made;
  }

  function show() {
    const asked = words(field.value).length > 0;
    const found = asked ? search(field.value) : [];
    results.replaceChildren(...found.slice(0, SHOWN).map(item));
    all.hidden = asked;
    const shown = found.length > SHOWN ? ", the best " + SHOWN + " shown" : "";
    count.textContent = asked ? (found.length === 1 ? "1 paper" : found.length + " papers") + shown : "";
  }

  function walk(event) {
    const links = [...results.querySelectorAll("a")];
    const place = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && place + 1 < links.length) links[place + 1].focus();
    else if (event.key === "ArrowUp" && place === 0) field.focus();
    else if (event.key === "ArrowUp" && place > 0) links[place - 1].focus();
    else if (event.key === "Escape" && field.value) {
      field.value = "";
      show();
      field.focus();
    } else return;
    event.preventDefault();
  }

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 80);
  });
  box.addEventListener("keydown", walk);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || document.activeElement === field) return;
    event.preventDefault();
    field.focus();
  });
  box.hidden = false;
  if (location.hash.startsWith("#q=")) {
    try {
      field.value = decodeURIComponent(location.hash.slice(3));
    } catch {
      field.value = "";
    }
    show();
  }
})();
