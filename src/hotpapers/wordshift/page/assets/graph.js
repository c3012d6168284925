// The word shift graph as SVG, and words and numbers as text; page_graph.py draws the same.

/* Words and numbers as text. */

const clean = (text) => {
  const cleaned = text.replace(/[\p{Cs}\ufffe\uffff]/gu, "\ufffd").replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ").replace(/(?![\u200c\u200d])\p{Cf}/gu, "");
  return cleaned.trim() ? cleaned : `'${cleaned}'`;
};
const short = (text, longest = 30) => {
  const letters = [...clean(text)];
  if (letters.length <= longest) return letters.join("");
  let end = Math.max(longest - 1, 1);
  while (end > 1 && /[\p{M}\p{Cf}]/u.test(letters[end])) end -= 1;
  return `${letters.slice(0, end).join("").trimEnd()}…`;
};
const grouped = (text) => text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const minus = (value, text) => (value < 0 ? `−${text}` : text);
const valueText = (value) => {
  const amount = Math.abs(value);
  if (amount === 0) return "0";
  if (amount < 1e-3 || amount >= 1e6) return minus(value, amount.toExponential(2).replace("e+", "e"));
  return minus(value, amount.toFixed(Math.max(0, 2 - Math.floor(Math.log10(amount)))));
};
const signedText = (value) => {
  if (state.norm === "none") return valueText(value);
  const text = Math.abs(value).toFixed(2);
  return `${Number(text) ? minus(value, text) : text} %`;
};
const countText = (value) => (Number.isInteger(value) ? grouped(String(value)) : String(Number(value.toPrecision(6))));
const millionText = (share) => {
  const value = 1e6 * share;
  return value === 0 ? "0" : value >= 100 ? grouped(value.toFixed(0)) : value.toFixed(1);
};
const scoreText = (value) => (value !== 0 && Math.abs(value) < 1e-3 ? valueText(value) : minus(value, Math.abs(value).toFixed(4)));
const three = (value) => {
  const amount = Math.abs(value);
  if (amount === 0) return "0";
  if (amount < 1e-3 || amount >= 1e6) return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  if (amount < 1) return String(Number(value.toPrecision(3)));
  return value.toFixed(Math.max(0, 3 - Math.round(amount).toString().length));
};

const headlines = (made) => headlinesOf(made).map(([text, number]) => `${text} = ${number.replace(/-/g, "−")}${data.unit ? ` ${data.unit}` : ""}`);

const headlinesOf = (made) => {
  if (made.averages) {
    const [one, two] = made.averages;
    const decimals = [2, 3, 4].find((n) => one === two || one.toFixed(n) !== two.toFixed(n)) || 5;
    const symbol = ["entropy", "tsallis"].includes(data.measure) ? "H" : "Φavg";
    return made.averages.map((value, k) => [`${short(names[k])}: ${symbol}`, value.toFixed(decimals)]);
  }
  const label = { jsd: "JSD", kld: "KLD", proportion: "Total variation distance" }[data.measure] || "Difference";
  const order = data.measure === "jsd" && model.alpha !== 1 ? ` (α = ${model.alpha})` : "";
  const texts = data.measure === "kld" ? `(${short(names[1])} ‖ ${short(names[0])})` : "";
  return [[label + texts + order, three(data.measure === "proportion" ? made.distance : made.difference)]];
};

/* Elements; text only ever enters as text. */

const SVG = "http://www.w3.org/2000/svg";
const fill = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
};
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const bdi = (text) => html("bdi", {}, text);
const round = (value) => String(Number(value.toFixed(2)) || 0);

const label = (x, y, text, { anchor, size: points, opacity } = {}) => svg("text", {
  x: round(x), y: round(y), "text-anchor": anchor, "font-size": points, "fill-opacity": opacity,
}, text);
const line = (x1, y1, x2, y2, opacity, dash) => svg("line", {
  x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2), stroke: "currentColor", "stroke-opacity": opacity, "stroke-dasharray": dash,
});
const textWidth = (text) => [...text].reduce((all, one) => all + (/\p{M}/u.test(one) ? 0 : one.codePointAt(0) > 0x1100 ? 13 : 7.2), 0);

const directions = () => {
  const [first, second] = names.map((name) => short(name, 24));
  return data.allPositive || ["proportion", "kld", "jsd"].includes(data.measure)
    ? [`more in ${first}`, `more in ${second}`] : [`${first} higher`, `${second} higher`];
};

/* The picture. */

const LEFT = 36;
const RIGHT = 6;
const TOP = 30;
const GAP = 6;
const CURVE = [118, 122];
const SIZES = [132, 56];

const draw = (made, shape, width, row) => {
  const half = (width - LEFT - RIGHT) / 2;
  const centre = LEFT + half;
  const longest = Math.min(30, Math.floor((0.55 * half) / 7.2));
  const sumRows = Math.max(0, ...shape.sums.map((one) => one.row));
  const wordsTop = TOP + sumRows * row + 8;
  const apart = shape.bars.some((one) => one.apart) ? 8 : 0;
  const wordsEnd = wordsTop + shape.bars.length * row + 4 + apart;
  const labelOf = (bar) => short(types[bar.i], longest) + (adopted.has(bar.i) ? "*" : "");
  const reach = (bar) => Math.max(0, ...[bar.tip, ...(bar.interval || [])].map((end) => (bar.tip < 0 ? -end : end)));
  const room = half - GAP - 4;
  const fits = shape.bars.filter((bar) => reach(bar) > 0).map((bar) => (room - textWidth(labelOf(bar))) / reach(bar));
  const sumSays = (one) => `${data.symbols[one.kind]} ${signedText(unsigned(shape, one.value))}`.trim();
  for (const one of shape.sums) {
    for (const end of [one.start, one.end]) if (end !== 0) fits.push((room - textWidth(sumSays(one))) / Math.abs(end));
  }
  const scale = Math.min((0.92 * half) / shape.extent, ...fits);
  const x = (value) => centre + value * scale;
  const colours = data.palettes[state.palette];
  const block = (from, to, y, kind, faded) => svg("rect", {
    x: round(x(Math.min(from, to))), y: round(y + 2.5), width: round(Math.abs(to - from) * scale), height: round(row - 5),
    fill: colours[kind], stroke: "currentColor", "stroke-opacity": "0.55", "stroke-width": "0.75", opacity: faded ? "0.35" : null,
  });
  const drawn = [...frame()];

  function* frame() {
    const letters = Math.floor((half - 28) / 8);
    const [left, right] = directions().map((text, k) => short([...text].length > letters ? names[k] : text, letters));
    yield label(centre - 14, 14, `← ${left}`, { anchor: "end", opacity: 0.75 });
    yield label(centre + 14, 14, `${right} →`, { opacity: 0.75 });
    const most = half / scale / 2;
    const unit = 10 ** Math.floor(Math.log10(most));
    const step = Math.max(...[1, 2, 5].map((part) => part * unit).filter((part) => part <= most));
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let number = -5; number <= 5; number += 1) {
      const at = x(number * step);
      if (Math.abs(at - centre) > half - 12) continue;
      yield line(at, wordsTop, at, wordsEnd, number === 0 ? 0.3 : 0.08);
      const text = Math.abs(number * step).toFixed(decimals);
      yield label(at, wordsEnd + 16, shape.layout === "all-positive" ? text : minus(number, text), { anchor: "middle", size: 11.5, opacity: 0.75 });
    }
    yield line(centre, TOP, centre, wordsTop, 0.3);
    yield line(LEFT, wordsEnd, width - RIGHT, wordsEnd, 0.45);
    yield label(centre, wordsEnd + 36, axis(), { anchor: "middle", size: 12.5 });
    if (sumRows > 1) yield line(LEFT, TOP + (sumRows - 1) * row, width - RIGHT, TOP + (sumRows - 1) * row, 0.18);
    yield line(LEFT, wordsTop - 4, width - RIGHT, wordsTop - 4, 0.45);
  }

  const sumOf = (one) => {
    const y = TOP + (sumRows - one.row) * row;
    const [low, high] = [one.start, one.end].sort((a, b) => a - b);
    const total = one.kind === "total";
    const left = total ? one.end < 0 : one.value < 0 || ["neg_s", "neg_s_pos_p", "pos_s_neg_p", "negative"].includes(one.kind);
    const says = sumSays(one);
    return svg("g", { class: "sum", "data-kind": one.kind }, svg("title", {}, says), block(low, high, y, one.kind),
      label(left ? x(low) - GAP : x(high) + GAP, y + row / 2 + 4.5, says, { anchor: left ? "end" : null, size: 12 }));
  };

  const spans = [];
  const wordOf = (bar, at) => {
    const y = wordsTop + at * row + (bar.apart ? apart : 0);
    const middle = y + row / 2;
    const reached = reach(bar) * scale;
    const left = bar.tip < 0;
    const ends = [0, ...bar.pieces.flatMap((one) => [one.start, one.end]), ...(bar.interval || [])].map(x);
    const text = labelOf(bar);
    const beyond = reached + textWidth(text) + GAP;
    spans.push([Math.min(...ends, left ? centre - beyond : Infinity), Math.max(...ends, left ? -Infinity : centre + beyond)]);
    const whisker = bar.interval?.map(x);
    return svg("g", {
      class: bar.i === state.pinned ? "word found" : "word", "data-word": bar.i, role: "button", tabindex: "-1", "aria-label": spoken(shape, bar),
    },
    svg("rect", { class: "hit", x: 0, y: round(y), width: round(width), height: round(row), opacity: 0 }),
    bar.pieces.map((one) => block(one.start, one.end, y, one.kind, one.faded)),
    bar.apart || bar.rank === 1 || bar.rank % 5 === 0 ? label(LEFT - 8, middle + 4, grouped(String(bar.rank)), { anchor: "end", size: bar.rank > 9999 ? 9 : 11.5, opacity: 0.75 }) : null,
    // Dark on a light edge: seen on paper, on bars and on dark pages.
    whisker && [["#fff", 3.5, 0.7], ["#17191b", 1.25, 1]].map(([stroke, thick, opacity]) => svg("path", {
      d: `M${round(whisker[0])},${round(middle)}H${round(whisker[1])}${whisker.map((end) => `M${round(end)},${round(middle - 3)}v6`).join("")}`,
      fill: "none", stroke, "stroke-width": thick, opacity,
    })),
    label(centre + (left ? -1 : 1) * (reached + GAP), middle + 4.5, text, { anchor: left ? "end" : null }));
  };
  drawn.push(...shape.sums.map(sumOf), ...shape.bars.map(wordOf));
  if (shape.bars.length === 0) drawn.push(label(centre, wordsTop - 12, "Nothing differs in what is shown", { anchor: "middle" }));

  const corner = ([wide, tall], side) => {
    if (width < 560) return null;
    const left = side < 0 ? LEFT + 24 : width - RIGHT - wide - 8;
    for (let y = wordsEnd - tall - 12; y >= wordsTop + 4 * row; y -= row) {
      const first = Math.floor((y - 8 - wordsTop) / row);
      const last = Math.floor((y + tall + 8 - wordsTop) / row);
      if (spans.slice(Math.max(first, 0), last + 1).every(([from, to]) => (side < 0 ? from > left + wide + 10 : to < left - 10))) return [left, y];
    }
    return null;
  };
  const below = wordsEnd + 56;
  let height = wordsEnd + 46;
  let curveAt = corner(CURVE, -1);
  let sizesAt = corner(SIZES, 1);
  if (!curveAt) {
    curveAt = [LEFT + 24, below];
    height = below + CURVE[1] + 8;
  }
  if (!sizesAt) {
    sizesAt = [width - RIGHT - SIZES[0] - 8, below];
    height = Math.max(height, below + SIZES[1] + 8);
  }
  drawn.push(curveInset(shape, ...curveAt), sizesInset(made, ...sizesAt));
  return svg("svg", {
    class: "graph", viewBox: `0 0 ${round(width)} ${round(height)}`, width: round(width), height: round(height),
    "font-size": 13, fill: "currentColor", role: "group", "aria-labelledby": "graph-says",
  }, svg("title", { id: "graph-says" }, description(made, shape)), drawn);
};

const axis = () => {
  if (state.norm === "none") return data.unit ? `Contribution (${data.unit})` : "Contribution";
  return `Contribution, per cent of ${state.norm === "variation" ? "all changes" : "the difference"}`;
};

const curveInset = (shape, left, top) => {
  const [ranks, values] = shape.curve;
  if (ranks.length === 0) return null;
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const [x0, y0, wide, tall] = [left + 26, top + 16, CURVE[0] - 30, CURVE[1] - 34];
  const decades = Math.max(Math.log10(ranks[ranks.length - 1]), 1e-9);
  const x = (value) => x0 + (wide * (value - low)) / (high - low || 1);
  const y = (rank) => y0 + (tall * Math.log10(rank)) / decades;
  const points = ranks.map((rank, i) => `${round(x(values[i]))},${round(y(rank))}`).join(" ");
  const lines = Array.from({ length: Math.floor(decades + 1e-9) + 1 }, (_, n) => label(x0 - 4, y(10 ** n) + 3.5, grouped(String(10 ** n)), { anchor: "end", size: 9.5, opacity: 0.75 }));
  const shown = Math.max(shape.bars.filter((bar) => !bar.apart).length, 1);
  return svg("g", { class: "inset" }, label(left, top + 8, "Cumulative contribution", { size: 10.5, opacity: 0.75 }),
    line(x0, y0, x0, y0 + tall, 0.45), line(x0, y0 + tall, x0 + wide, y0 + tall, 0.45),
    svg("polyline", { points, fill: "none", stroke: "currentColor", "stroke-width": "1.5" }), lines,
    line(x0, y(shown), x0 + wide, y(shown), 0.6, "3 2"),
    [low, high].map((value) => label(x(value), y0 + tall + 12, shape.percent ? `${minus(value, Math.abs(value).toFixed(0))} %` : valueText(value), { anchor: value === low ? null : "end", size: 9.5, opacity: 0.75 })));
};

const sizesInset = (made, left, top) => {
  const tokens = tokensOf(made);
  return svg("g", { class: "inset" }, label(left, top + 8, "Text size", { size: 10.5, opacity: 0.75 }), tokens.map((count, k) => [
    label(left, top + 24 + 21 * k, `${short(names[k], 14)} ${grouped(count.toFixed(0))}`, { size: 10.5 }),
    svg("rect", { x: round(left), y: round(top + 27 + 21 * k), width: round((SIZES[0] * count) / Math.max(...tokens, 1e-300)), height: 5, fill: "#707070" }),
  ]));
};

// Where sides mean texts, an amount on the left isn't negative.
const unsigned = (shape, value) => (shape.layout === "all-positive" ? Math.abs(value) : value);

const tokensOf = (made) => (rest ? rest.tokens : state.gone.size ? [made.n1, made.n2] : data.tokens);

const spoken = (shape, bar) => `${clean(types[bar.i])}, rank ${bar.rank}, contribution ${signedText(unsigned(shape, bar.value))}, ${grouped(String(f1[bar.i]))} in ${names[0]}, ${grouped(String(f2[bar.i]))} in ${names[1]}`;

const description = (made, shape) => `Word shift graph. ${headlines(made).join("; ")}. The ${shape.bars.length} words that contribute most, ranked; the table below has the numbers.`;
