// What the reader of the page can do: point, press, search, remove, set, save.

let made;
let shape;
let current = 0; // the row that the tab key reaches
const stage = find("stage");
const narrow = () => window.matchMedia("(width < 40rem)").matches;

const facts = (i, rank) => {
  const scale = state.norm === "none" ? 1 : 100 / made.norm;
  const sides = [
    ["Count", countText(f1[i]), countText(f2[i])],
    ["Per million", millionText(made.p1[i]), millionText(made.p2[i])],
    ["Score", scoreText(made.s1[i]), scoreText(made.s2[i])],
  ];
  if (model.kind === "kld") sides[1] = ["Per million", millionText((f1[i] + model.pseudo) / (made.n1 + model.pseudo * made.count)), millionText(made.p2[i])];
  const ends = intervalsHold() ? data.intervals[i] : null;
  const single = [
    ["Rank", grouped(String(rank))],
    ["Frequency part", signedText(made.p[i] * scale)],
    ["Score part", signedText(made.s[i] * scale)],
    ["Contribution", signedText(made.c[i] * scale)],
    ends && ["Interval", `${signedText(ends[0] * data.norm * scale)} to ${signedText(ends[1] * data.norm * scale)}`],
  ].filter(Boolean);
  return [
    html("table", { class: "sides" },
      html("thead", {}, html("tr", {}, html("td"), names.map((name) => html("th", { scope: "col" }, bdi(short(name, 20)))))),
      html("tbody", {}, sides.map(([name, ...values]) => html("tr", {}, html("th", { scope: "row" }, name), values.map((value) => html("td", {}, value)))))),
    html("dl", { class: "facts" }, single.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value)))),
  ];
};

const rankOf = (i) => {
  let rank = 1;
  for (const one of shape.order) {
    if (one === i) return rank;
    rank += many[one];
  }
  return rank;
};

const showCard = (i) => {
  const name = bdi(clean(types[i]));
  find("card").replaceChildren(html("h2", {}, name, adopted.has(i) ? html("small", {}, " score borrowed") : null), ...facts(i, rankOf(i)));
  find("card").dataset.word = i;
};

const announce = (text) => {
  find("live").textContent = text;
};

const width = () => Math.max(300, Math.min(900, Math.floor(stage.clientWidth)));

const render = () => {
  const held = stage.contains(document.activeElement) ? Number(document.activeElement.dataset.word) : -1;
  made = compute();
  shape = geometry(made);
  const picture = draw(made, shape, width(), narrow() ? 25 : 21);
  stage.replaceChildren(picture);
  const rows = [...picture.querySelectorAll(".word")];
  const at = rows.findIndex((row) => Number(row.dataset.word) === (held >= 0 ? held : Number(find("card").dataset.word || -1)));
  current = Math.max(at, 0);
  if (rows[current]) {
    rows[current].setAttribute("tabindex", "0");
    if (held >= 0) rows[current].focus({ preventScroll: true });
    showCard(shape.bars[current].i);
  }
  find("headline").replaceChildren(...headlines(made).map((text) => html("span", {}, text)));
  renderTable();
  renderControls();
  keepAddress();
};

const renderTable = () => {
  const scale = state.norm === "none" ? 1 : 100 / made.norm;
  find("rows").replaceChildren(...shape.bars.map(({ i, rank }) => html("tr", {}, html("td", {}, grouped(String(rank))),
    html("th", { scope: "row" }, bdi(clean(types[i]) + (adopted.has(i) ? "*" : ""))),
    [countText(f1[i]), countText(f2[i]), millionText(made.p1[i]), millionText(made.p2[i]), scoreText(made.s1[i]), scoreText(made.s2[i]),
      signedText(made.p[i] * scale), signedText(made.s[i] * scale), signedText(made.c[i] * scale)].map((text) => html("td", {}, text)))));
};

/* Controls. */

const radios = (name, value) => {
  for (const input of document.querySelectorAll(`input[name=${name}]`)) input.checked = input.value === value;
};

const renderControls = () => {
  radios("view", state.detailed ? "detailed" : "simple");
  radios("norm", state.norm === "trajectory" && made.cancels ? "variation" : state.norm);
  radios("palette", state.palette);
  document.querySelector("input[name=norm][value=trajectory]").disabled = made.cancels;
  find("norm-note").hidden = !made.cancels;
  find("top").value = state.top;
  find("top-value").textContent = state.top;
  if (model.free) {
    find("reference").value = made.reference;
    find("reference-value").textContent = scoreText(made.reference);
    find("reference-reset").disabled = state.reference === null;
  }
  const offered = state.detailed ? PARTS : SIGNS;
  const list = find("kinds");
  if (list.dataset.view !== String(state.detailed)) {
    list.dataset.view = state.detailed;
    list.replaceChildren(...offered.map((kind) => html("label", { class: "kind" },
      html("input", { type: "checkbox", value: kind, onchange: (event) => change({ hidden: toggled(state.hidden, kind, !event.target.checked) }) }),
      svg("svg", { class: "swatch", width: 16, height: 12, "aria-hidden": "true" }, svg("rect", { x: 0.5, y: 0.5, width: 15, height: 11, stroke: "currentColor", "stroke-opacity": 0.55 })),
      html("span", {}, `${data.symbols[kind]} ${kindText(kind)}`.trim()))));
  }
  for (const input of list.querySelectorAll("input")) {
    input.checked = !state.hidden.has(input.value);
    input.nextElementSibling.firstElementChild.setAttribute("fill", data.palettes[state.palette][input.value]);
  }
  find("gone-part").hidden = state.gone.size === 0;
  find("gone").replaceChildren(...[...state.gone].map((i) => html("li", {}, html("button", {
    type: "button", "aria-label": `Put ${clean(types[i])} back`, onclick: () => restore([i]),
  }, bdi(short(types[i], 20)), html("span", { "aria-hidden": "true" }, " ×")))));
  const notes = [];
  if (shape.unnamed) notes.push(`${grouped(String(shape.unnamed))} more would stand among these, but their names are not in this page.`);
  if (Object.keys(data.intervals).length && !intervalsHold()) notes.push("Intervals belong to the shift as it was computed; they are back when you reset.");
  find("note").textContent = notes.join(" ");
  find("reset").disabled = location.hash.length < 2 && address() === "";
};

const kindText = (kind) => {
  const [left, right] = directions();
  return {
    pos_s_pos_p: "high scores, used more", pos_s_neg_p: "high scores, used less", neg_s_pos_p: "low scores, used more",
    neg_s_neg_p: "low scores, used less", pos_s: "score rises", neg_s: "score falls", positive: `→ ${right}`, negative: `← ${left}`,
  }[kind];
};

const toggled = (set, member, inside) => {
  const next = new Set(set);
  if (inside) next.add(member);
  else next.delete(member);
  return next;
};

const change = (part, says) => {
  state = { ...state, ...part };
  render();
  announce(says || `${shape.bars.length} words shown. ${headlines(made).join("; ")}.`);
};

const remove = (i) => {
  const left = [[f1, made.n1], [f2, made.n2]].every(([f, n]) => n - f[i] > 0);
  if (!model.removes || !left) {
    announce(model.removes ? "One text would have no words left." : "Words can't be removed here.");
    return false;
  }
  change({ gone: toggled(state.gone, i, true), pinned: state.pinned === i ? -1 : state.pinned });
  announce(`${clean(types[i])} removed from both texts. ${headlines(made).join("; ")}.`);
  return true;
};
const restore = (words) => {
  const gone = new Set(state.gone);
  words.forEach((i) => gone.delete(i));
  change({ gone }, "");
  announce(`Put back. ${headlines(made).join("; ")}.`);
  (find("gone").querySelector("button") || find("search")).focus();
};

/* The address keeps what differs from the usual. */

const address = () => {
  const kept = new URLSearchParams();
  if (state.detailed !== usual.detailed) kept.set("view", state.detailed ? "detailed" : "simple");
  if (state.norm !== usual.norm) kept.set("norm", state.norm);
  if (state.reference !== null) kept.set("ref", state.reference);
  if (state.top !== usual.top) kept.set("top", state.top);
  if (state.palette !== usual.palette) kept.set("palette", state.palette);
  state.hidden.forEach((kind) => kept.append("hide", kind));
  state.gone.forEach((i) => kept.append("without", types[i]));
  if (state.pinned >= 0) kept.set("find", types[state.pinned]);
  if (state.open >= 0) kept.set("word", types[state.open]);
  return kept.toString();
};
const keepAddress = () => {
  const kept = address();
  if (kept !== location.hash.slice(1)) history.replaceState(null, "", kept ? `#${kept}` : location.pathname + location.search);
};
const readAddress = () => {
  const kept = new URLSearchParams(location.hash.slice(1));
  const next = { ...usual, hidden: new Set(), gone: new Set() };
  if (kept.has("view")) next.detailed = kept.get("view") === "detailed";
  if (NORMS.includes(kept.get("norm"))) next.norm = kept.get("norm");
  const asked = kept.get("ref");
  if (model.free && asked !== null && asked !== "" && (asked === "average" || Number.isFinite(Number(asked)))) next.reference = asked === "average" ? asked : Number(asked);
  const top = Math.round(Number(kept.get("top")));
  if (top >= 1) next.top = Math.min(top, data.most);
  if (kept.get("palette") === "cvd") next.palette = "cvd";
  kept.getAll("hide").filter((kind) => [...PARTS, ...SIGNS].includes(kind)).forEach((kind) => next.hidden.add(kind));
  if (model.removes) kept.getAll("without").filter((word) => index.has(word)).forEach((word) => next.gone.add(index.get(word)));
  const without = (f) => f.some((count, i) => count > 0 && !next.gone.has(i));
  if (!without(f1) || !without(f2)) next.gone = new Set();
  const at = (name) => (index.has(kept.get(name)) && !next.gone.has(index.get(kept.get(name))) ? index.get(kept.get(name)) : -1);
  next.pinned = at("find");
  next.open = at("word");
  state = next;
  const open = next.open;
  render();
  if (open >= 0) openReader(open);
  else if (find("reader").open) find("reader").close();
};

/* The reader: one word in both texts. */

const PAGE = 8;
const reader = find("reader");

const openReader = (i) => {
  state.open = i;
  const words = data.contexts.words[i];
  find("reader-name").replaceChildren(bdi(clean(types[i])));
  find("reader-facts").replaceChildren(...facts(i, rankOf(i)));
  find("reader-texts").replaceChildren(...names.map((name, k) => sideOf(name, words ? words[k] : [], k ? f2[i] : f1[i], k)));
  find("reader-none").hidden = Boolean(words);
  find("reader-texts").hidden = !words;
  find("remove").hidden = !model.removes;
  find("remove-why").hidden = model.removes;
  find("remove-why").textContent = model.removes ? "" : `Words can’t be removed from this shift: ${model.why}.`;
  const at = shape.bars.findIndex((bar) => bar.i === i);
  find("previous").disabled = at <= 0;
  find("following").disabled = at < 0 || at >= shape.bars.length - 1;
  if (!reader.open) {
    reader.showModal();
    find("close").focus();
  }
  reader.scrollTop = 0;
  keepAddress();
};

const sideOf = (name, all, count, k) => {
  const list = html("ol");
  const more = html("button", { type: "button", class: "more" });
  const add = () => {
    const from = list.children.length;
    list.append(...all.slice(from, from + PAGE).map(([left, word, right, at]) => html("li", {},
      html("p", { dir: "auto" }, left, html("mark", {}, word), right),
      data.contexts.documents[at] ? html("cite", {}, bdi(data.contexts.documents[at])) : null)));
    const waiting = all.length - list.children.length;
    more.hidden = waiting <= 0;
    more.textContent = `More in ${short(name, 24)} (${waiting} left)`;
    return list.children[from];
  };
  more.addEventListener("click", () => {
    const first = add();
    announce(`${list.children.length} of ${all.length} passages shown.`);
    if (first && more.hidden) {
      first.tabIndex = -1;
      first.focus();
    }
  });
  add();
  const shown = all.length < count && all.length ? `${all.length} of ${countText(count)} uses` : `${countText(count)} uses`;
  return html("section", { "aria-labelledby": `side-${k}` }, html("h3", { id: `side-${k}` }, bdi(clean(name)), html("small", {}, shown)),
    all.length ? list : html("p", { class: "none" }, count ? "No passage in this page." : "Never used."), more);
};

const step = (by) => {
  const next = shape.bars[shape.bars.findIndex((bar) => bar.i === state.open) + by];
  if (next) openReader(next.i);
  const button = find(by < 0 ? "previous" : "following");
  (button.disabled ? find(by < 0 ? "following" : "previous") : button).focus();
};

const focusRow = (at) => {
  const rows = [...stage.querySelectorAll(".word")];
  const row = rows[Math.max(0, Math.min(rows.length - 1, at))];
  if (!row) return;
  rows.forEach((one) => one.setAttribute("tabindex", one === row ? "0" : "-1"));
  row.focus({ preventScroll: true });
  const box = row.getBoundingClientRect();
  if (box.top < 0 || box.bottom > window.innerHeight) row.scrollIntoView({ block: "center" });
};

const rowOf = (event) => event.target.closest && event.target.closest(".word");

const listen = () => {
  stage.addEventListener("pointerover", (event) => rowOf(event) && showCard(Number(rowOf(event).dataset.word)));
  stage.addEventListener("focusin", (event) => rowOf(event) && showCard(Number(rowOf(event).dataset.word)));
  stage.addEventListener("click", (event) => {
    const row = rowOf(event);
    if (!row) return;
    focusRow([...stage.querySelectorAll(".word")].indexOf(row));
    openReader(Number(row.dataset.word));
  });
  stage.addEventListener("keydown", (event) => {
    const row = rowOf(event);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = shape.bars.findIndex((bar) => bar.i === Number(row.dataset.word));
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: shape.bars.length - 1 };
    if (event.key in moves) focusRow(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") openReader(Number(row.dataset.word));
    else if (event.key === "Delete") {
      if (remove(Number(row.dataset.word))) focusRow(at);
    } else return;
    event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "view") change({ detailed: value === "detailed" });
    if (name === "norm") change({ norm: value });
    if (name === "palette") change({ palette: value });
  });
  find("top").addEventListener("input", (event) => change({ top: Number(event.target.value) }));
  find("reset").addEventListener("click", () => {
    change({ ...usual, hidden: new Set(), gone: new Set() }, "As computed.");
    find("search").focus();
  });
  if (model.free) {
    find("reference").addEventListener("input", (event) => change({ reference: Number(event.target.value) }));
    find("reference-average").addEventListener("click", () => change({ reference: "average" }));
    find("reference-reset").addEventListener("click", () => {
      change({ reference: null });
      find("reference-average").focus();
    });
  }
  find("restore").addEventListener("click", () => restore([...state.gone]));
  find("remove").addEventListener("click", () => {
    const i = state.open;
    const at = shape.bars.findIndex((bar) => bar.i === i);
    if (!remove(i)) return;
    reader.close();
    focusRow(Math.max(at, 0));
  });
  find("previous").addEventListener("click", () => step(-1));
  find("following").addEventListener("click", () => step(1));
  find("close").addEventListener("click", () => reader.close());
  reader.addEventListener("click", (event) => event.target === reader && reader.close());
  reader.addEventListener("close", () => {
    if (reader.open) return; // opened again before this was told
    const row = stage.querySelector(`[data-word="${state.open}"]`);
    state.open = -1;
    keepAddress();
    if (row && document.activeElement === document.body) focusRow([...stage.querySelectorAll(".word")].indexOf(row));
  });
  window.addEventListener("hashchange", readAddress);
  let drawnAt = width();
  new ResizeObserver(() => {
    if (Math.abs(width() - drawnAt) < 2) return;
    drawnAt = width();
    render();
  }).observe(stage);
  find("save-svg").addEventListener("click", () => save("svg", new Blob([picture()], { type: "image/svg+xml" })));
  find("save-csv").addEventListener("click", () => save("csv", new Blob([commaSeparated()], { type: "text/csv;charset=utf-8" })));
  find("save-png").addEventListener("click", savePng);
  search();
};

/* Search: every word that the page names. */

const search = () => {
  const input = find("search");
  const list = find("found");
  const folded = types.map((type) => type.toLowerCase());
  let hits = [];
  let at = -1;
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (i) => {
    input.value = "";
    close();
    change({ pinned: i, gone: toggled(state.gone, i, false) }, `${clean(types[i])}`);
    focusRow(shape.bars.findIndex((bar) => bar.i === i));
    announce(`${clean(types[i])}, rank ${rankOf(i)}.`);
  };
  const mark = (next) => {
    at = (next + hits.length) % hits.length;
    [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === at)));
    input.setAttribute("aria-activedescendant", `found-${at}`);
  };
  input.addEventListener("input", () => {
    const query = input.value.trim().toLowerCase();
    if (!query) return close();
    const ranked = (i) => (folded[i] === query ? 0 : folded[i].startsWith(query) ? 1 : 2);
    hits = shape.order.filter((i) => i < named && folded[i].includes(query)).slice(0, 2000)
      .map((i, place) => [ranked(i), place, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 8).map((hit) => hit[2]);
    list.replaceChildren(...hits.map((i, k) => html("li", { id: `found-${k}`, role: "option", "aria-selected": "false", onpointerdown: (event) => { event.preventDefault(); choose(i); } },
      bdi(short(types[i])), html("small", {}, `rank ${grouped(String(rankOf(i)))}`))));
    list.hidden = hits.length === 0;
    input.setAttribute("aria-expanded", String(hits.length > 0));
    announce(hits.length ? `${hits.length === 8 ? "8 or more" : hits.length} words found` : "No such word in this page");
    find("nothing").hidden = hits.length > 0;
    if (hits.length) mark(0);
    return undefined;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      find("nothing").hidden = true;
      close();
    } else if (list.hidden) return;
    else if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") choose(hits[at]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => {
    find("nothing").hidden = true;
    close();
  });
};

/* What can be taken away. */

const save = (kind, blob) => {
  const link = html("a", { href: URL.createObjectURL(blob), download: `word-shift.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  announce(`word-shift.${kind} saved.`);
};

const picture = () => {
  const wide = 720;
  const copy = draw(made, shape, wide, 21);
  copy.querySelectorAll(".hit").forEach((one) => one.remove());
  for (const row of copy.querySelectorAll(".word")) ["role", "tabindex", "aria-label"].forEach((name) => row.removeAttribute(name));
  const head = headlines(made);
  const [, , , tall] = copy.getAttribute("viewBox").split(" ").map(Number);
  const top = 34 + 20 * head.length;
  copy.setAttribute("viewBox", `0 ${-top} ${wide} ${tall + top}`);
  copy.setAttribute("height", tall + top);
  copy.setAttribute("color", "#17191b");
  copy.setAttribute("role", "img");
  copy.setAttribute("font-family", "system-ui, 'Noto Sans', 'Liberation Sans', sans-serif");
  copy.firstChild.after(svg("metadata", {}, JSON.stringify({ ...read(), words: undefined, meta: data.meta }).replace(/[\ufffe\uffff]/g, "\ufffd")),
    svg("rect", { x: 0, y: -top, width: wide, height: tall + top, fill: "#fff" }),
    svg("text", { x: LEFT, y: 26 - top, "font-size": 18, "font-weight": 700 }, clean(data.title)),
    ...head.map((text, k) => label(LEFT, 48 - top + 20 * k, text)));
  return new XMLSerializer().serializeToString(copy);
};

const savePng = async () => {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture())}`;
  await image.decode();
  const canvas = html("canvas", { width: 2 * image.width, height: 2 * image.height });
  const paper = canvas.getContext("2d");
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  // Not toBlob: it waits for an idle moment that a busy browser may never have.
  const [, encoded] = canvas.toDataURL("image/png").split(",");
  save("png", new Blob([Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))], { type: "image/png" }));
};

const commaSeparated = () => {
  const quoted = (value) => (/[",\n\r]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const lines = [["rank", "type", "f1", "f2", "p1", "p2", "score1", "score2", "p_part", "s_part", "contribution", "shift_score"]];
  let rank = 1;
  for (const i of shape.order) {
    if (i < named) lines.push([rank, types[i], f1[i], f2[i], made.p1[i], made.p2[i], made.s1[i], made.s2[i], made.p[i], made.s[i], made.c[i], made.c[i] / made.norm]);
    rank += many[i];
  }
  return `${lines.map((cells) => cells.map(quoted).join(",")).join("\r\n")}\r\n`;
};

/* Read-only, for tests and the curious. */

const numbers = (i) => ({
  type: types[i], f1: f1[i], f2: f2[i], p1: made.p1[i], p2: made.p2[i], s1: made.s1[i], s2: made.s2[i],
  p_part: made.p[i], s_part: made.s[i], contribution: made.c[i], score: made.c[i] / made.norm,
});
const read = () => ({
  detailed: state.detailed, normalization: state.norm, top: state.top, palette: state.palette, hidden: [...state.hidden],
  without: [...state.gone].map((i) => types[i]), reference: made.reference, norm: made.norm, difference: made.difference,
  averages: made.averages, components: made.components, tokens: tokensOf(made), layout: shape.layout,
  sums: shape.sums, curve: shape.curve,
  words: shape.bars.map((bar) => ({ ...numbers(bar.i), rank: bar.rank, value: bar.value, tip: bar.tip, pieces: bar.pieces, interval: bar.interval })),
});
window.wordshift = Object.freeze({ state: read, word: (type) => (index.has(type) ? numbers(index.get(type)) : null) });

document.documentElement.classList.add("scripted");
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
find("top").max = data.most;
if (model.free) {
  find("reference-part").hidden = false;
  Object.entries(data.referenceRange).forEach(([name, value]) => { find("reference")[name] = value; });
}
listen();
readAddress();
