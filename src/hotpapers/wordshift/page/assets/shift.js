"use strict";
// The word shift's numbers and where its bars lie. Every number is made here again from frequencies, by
// the equations that the package uses, so that words can go and references move.

const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const PARTS = ["pos_s_pos_p", "pos_s_neg_p", "neg_s_pos_p", "neg_s_neg_p", "pos_s", "neg_s"];
const SIGNS = ["positive", "negative"];
const NORMS = ["variation", "trajectory", "none"];
const { model, names, types, rest } = data;
const named = types.length;
const index = new Map(types.map((type, i) => [type, i]));
const adopted = new Set(data.adopted);

/* Vocabulary: the named types, then groups of types that share their numbers. */

const many = Float64Array.from([...types.map(() => 1), ...(data.tail ? data.tail.count : [])]);
const size = many.length;
const column = (name) => {
  const own = data.columns[name];
  return own && Float64Array.from([...own, ...(data.tail ? data.tail.columns[name] : [])]);
};
const f1 = column("f1");
const f2 = column("f2");
const given1 = column("s1");
const given2 = column("s2") || given1;

/* Sums that keep every digit (Neumaier). */
const sum = (count, term) => {
  let total = 0;
  let lost = 0;
  for (let i = 0; i < count; i += 1) {
    const value = term(i);
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
};

/* State: all that the address keeps. */

const usual = {
  detailed: data.detailed,
  norm: data.normalization,
  reference: null, // null: as the shift was computed
  top: data.top,
  palette: "paper",
  hidden: new Set(),
  gone: new Set(),
  pinned: -1,
  open: -1,
};
let state = { ...usual, hidden: new Set(), gone: new Set() };

/* Shares and scores, section 2.5: log p and powers of p are 0 where p = 0. */

const logarithm = (p) => (p > 0 ? Math.log(p) : 0);

const weightsFor = (n1, n2) => (model.pooled ? [n1 / (n1 + n2), n2 / (n1 + n2)] : model.weights);

const scorer = (n1, n2) => {
  const unit = Math.log(model.base);
  const order = model.alpha - 1;
  const [w1, w2] = weightsFor(n1, n2);
  switch (model.kind) {
    case "proportion":
      return () => [1, 1];
    case "entropy":
      return (p1, p2) => [-logarithm(p1) / unit, -logarithm(p2) / unit];
    case "tsallis": {
      const one = (p) => {
        if (p === 0) return 0;
        return model.form === "qlog" ? -Math.expm1(order * Math.log(p)) / order : -(p ** order) / order;
      };
      return (p1, p2) => [one(p1), one(p2)];
    }
    case "kld":
      return (p1, p2) => [-logarithm(p2) / unit, -logarithm(p1) / unit];
    case "jsd": {
      // (p / m)^(a-1) less 1, over a-1; at a = 1 log(p / m). By p's distance from m where they are near,
      // so that no digit is lost.
      const shannon = Math.abs(order) < 1e-9;
      const against = (p, m, gap) => {
        const log = Math.abs(gap) < 0.5 * m ? Math.log1p(gap / m) : Math.log(p / m);
        return shannon ? log / unit : (m ** order * Math.expm1(order * log)) / order;
      };
      const alone = (m) => (shannon ? Math.log(m) / unit : m ** order / order);
      return (p1, p2) => {
        const m = w1 * p1 + w2 * p2;
        if (m === 0) return [0, 0];
        return [
          w1 * (p1 > 0 ? -against(p1, m, w2 * (p1 - p2)) : alone(m)),
          w2 * (p2 > 0 ? against(p2, m, w1 * (p2 - p1)) : -alone(m)),
        ];
      };
    }
    default:
      return null;
  }
};

/* The shift of what is left (section 2.2). */

const compute = () => {
  const kept = Float64Array.from(many, (count, i) => (state.gone.has(i) ? 0 : count));
  const n1 = sum(size, (i) => kept[i] * f1[i]);
  const n2 = sum(size, (i) => kept[i] * f2[i]);
  const count = sum(size, (i) => kept[i]);
  const made = { kept, n1, n2, count };
  for (const name of ["p1", "p2", "s1", "s2", "p", "s", "c"]) made[name] = new Float64Array(size);
  const scores = scorer(n1, n2);
  const all1 = n1 + model.pseudo * count;
  const all2 = n2 + model.pseudo * count;
  const givenShares = model.kind === "given" ? [column("p1"), column("p2")] : null;
  for (let i = 0; i < size; i += 1) {
    if (kept[i] === 0) continue;
    const p1 = givenShares ? givenShares[0][i] : (f1[i] + model.pseudo) / all1;
    const p2 = givenShares ? givenShares[1][i] : (f2[i] + model.pseudo) / all2;
    [made.s1[i], made.s2[i]] = scores ? scores(p1, p2) : [given1[i], given2[i]];
    made.p1[i] = model.kind === "kld" ? p2 : p1;
    made.p2[i] = p2;
  }
  const average1 = sum(size, (i) => kept[i] * made.p1[i] * made.s1[i]);
  const average2 = sum(size, (i) => kept[i] * made.p2[i] * made.s2[i]);
  const asked = state.reference === null ? data.reference : state.reference;
  made.reference = asked === "average" ? (rest ? data.referenceValue : average1) : asked;
  made.average1 = average1;
  for (let i = 0; i < size; i += 1) {
    made.p[i] = (made.p2[i] - made.p1[i]) * (0.5 * (made.s1[i] + made.s2[i]) - made.reference);
    made.s[i] = 0.5 * (made.p1[i] + made.p2[i]) * (made.s2[i] - made.s1[i]);
    made.c[i] = made.p[i] + made.s[i];
  }
  made.variation = rest ? rest.variation : sum(size, (i) => kept[i] * Math.abs(made.c[i]));
  made.difference = rest ? rest.difference : sum(size, (i) => kept[i] * made.c[i]);
  const shown = (value) => value + data.offset;
  made.averages = data.averages ? (rest ? rest.averages : [shown(average1), shown(average2)]) : null;
  made.components = rest ? rest.components : components(made);
  made.distance = 0.5 * sum(size, (i) => kept[i] * Math.abs(made.p2[i] - made.p1[i]));
  made.cancels = Math.abs(made.difference) <= 1e-12 * made.variation;
  made.norm = normOf(made);
  return made;
};

const kindsOf = (made, i) => [
  (0.5 * (made.s1[i] + made.s2[i]) - made.reference > 0 ? "pos_s" : "neg_s") + (made.p2[i] > made.p1[i] ? "_pos_p" : "_neg_p"),
  made.s2[i] > made.s1[i] ? "pos_s" : "neg_s",
];

const components = (made) => {
  const kinds = Array.from({ length: size }, (_, i) => kindsOf(made, i));
  return Object.fromEntries(PARTS.map((part, at) => [part, sum(size, (i) => {
    if (kinds[i][at < 4 ? 0 : 1] !== part) return 0;
    return made.kept[i] * (at < 4 ? made.p[i] : made.s[i]);
  })]));
};

const normOf = (made) => {
  if (state.norm === "none") return 1;
  const norm = state.norm === "trajectory" && !made.cancels ? Math.abs(made.difference) : made.variation;
  return norm > 0 ? norm : 1;
};

/* Geometry, section 2.7: lengths in per cent of the norm, or in the unit. */

const layoutOf = () => (state.detailed ? "detailed" : data.allPositive ? "all-positive" : "simple");

const pieces = (p, s, pKind, sKind) => {
  const net = p + s;
  if (p * s >= 0) {
    const stacked = [{ start: 0, end: p, kind: pKind }, { start: p, end: net, kind: sKind }];
    return [stacked.filter((one) => one.start !== one.end), net];
  }
  const first = Math.abs(p) >= Math.abs(s);
  const [larger, smaller, kind, other] = first ? [p, s, pKind, sKind] : [s, p, sKind, pKind];
  return [[
    { start: 0, end: net, kind },
    { start: net, end: larger, kind, faded: true },
    { start: 0, end: smaller, kind: other, faded: true },
  ], larger];
};

// Intervals are of contributions as computed; another norm only scales them.
const intervalsHold = () => state.gone.size === 0 && state.reference === null;

const ranked = (made, weight) => Array.from(many.keys()).filter((i) => made.kept[i] > 0).sort((a, b) => weight[b] - weight[a] || a - b);

const geometry = (made) => {
  const layout = layoutOf();
  const scale = state.norm === "none" ? 1 : 100 / made.norm;
  const up = (i) => made.p2[i] > made.p1[i];
  const sign = (i) => (layout === "all-positive" && !up(i) ? -scale : scale);
  const p = Float64Array.from(made.p, (value, i) => value * sign(i));
  const s = Float64Array.from(made.s, (value, i) => value * sign(i));
  const offered = state.detailed ? PARTS : SIGNS;
  const screened = offered.some((kind) => state.hidden.has(kind));
  if (screened) {
    for (let i = 0; i < size; i += 1) {
      if (state.detailed) {
        const [pKind, sKind] = kindsOf(made, i);
        if (state.hidden.has(pKind)) p[i] = 0;
        if (state.hidden.has(sKind)) s[i] = 0;
      } else if (state.hidden.has(p[i] + s[i] > 0 ? "positive" : "negative")) p[i] = s[i] = 0;
    }
  }
  const net = p.map((value, i) => value + s[i]);
  const weight = (screened ? net : made.c).map(Math.abs);
  const order = ranked(made, weight);
  const bars = [];
  const bar = (i, rank) => {
    const [pKind, sKind] = kindsOf(made, i);
    const [drawn, tip] = state.detailed
      ? pieces(p[i], s[i], pKind, sKind)
      : [net[i] === 0 ? [] : [{ start: 0, end: net[i], kind: net[i] > 0 ? "positive" : "negative", faded: data.unclear.includes(i) }], net[i]];
    const known = data.intervals[i];
    const factor = data.norm * sign(i);
    const interval = known && drawn.length && intervalsHold() ? known.map((end) => end * factor).sort((a, b) => a - b) : null;
    return { i, rank, pieces: drawn, tip, value: net[i], interval };
  };
  let rank = 0;
  let unnamed = 0;
  let pinnedRank = 0;
  for (const i of order) {
    if (i === state.pinned) pinnedRank = rank + 1;
    if (weight[i] > 0 && rank < state.top) {
      if (i < named) bars.push(bar(i, rank + 1));
      else unnamed += Math.min(many[i], state.top - rank);
    }
    rank += many[i];
  }
  const pinned = pinnedRank > 0 && !bars.some((one) => one.i === state.pinned);
  if (pinned) bars.push({ ...bar(state.pinned, pinnedRank), apart: true });
  const tips = Math.max(0, ...bars.map((one) => Math.abs(one.tip)));
  const ends = bars.flatMap((one) => (one.interval || []).map(Math.abs));
  const [sums, sumScale] = sumsOf(made, layout, scale, up, tips || 1);
  return { layout, bars, unnamed, sums, sumScale, extent: Math.max(tips, ...ends) || 1, percent: state.norm !== "none", curve: curveOf(made, scale), order };
};

const sumsOf = (made, layout, scale, up, longest) => {
  const values = {};
  let pairs = [["negative", "positive"]];
  if (state.detailed) {
    for (const kind of PARTS) values[kind] = made.components[kind] * scale;
    pairs = [["neg_s_pos_p", "neg_s_neg_p"], ["pos_s_neg_p", "pos_s_pos_p"]];
    const differ = (one, two) => one.some((value, i) => made.kept[i] > 0 && value !== two[i]);
    if (differ(made.s1, made.s2)) pairs.unshift(["neg_s", "pos_s"]);
    if (pairs.length === 3 && !differ(made.p1, made.p2)) pairs = pairs.slice(0, 1);
  } else if (rest) {
    values.negative = rest.negative * scale;
    values.positive = rest.positive * scale;
  } else {
    const net = (i) => made.kept[i] * made.c[i] * (layout === "all-positive" && !up(i) ? -scale : scale);
    values.negative = sum(size, (i) => Math.min(net(i), 0));
    values.positive = sum(size, (i) => Math.max(net(i), 0));
  }
  const spans = Object.fromEntries(Object.entries(values).map(([kind, value]) => [kind, [0, value]]));
  values.total = made.difference * scale;
  spans.total = layout === "all-positive" ? [values.negative, values.positive] : [0, values.total];
  const rows = [[1, "total"]];
  pairs.forEach((pair, at) => rows.push(...pair.filter((kind) => !state.hidden.has(kind)).map((kind) => [at + 2, kind])));
  const largest = Math.max(0, ...rows.flatMap(([, kind]) => spans[kind].map(Math.abs)));
  const factor = largest > 0 ? longest / largest : 1;
  return [rows.map(([row, kind]) => ({ row, kind, start: spans[kind][0] * factor, end: spans[kind][1] * factor, value: values[kind] })), factor];
};

/* At most 400 ranks, evenly spaced by their logarithm. */
const curveOf = (made, scale) => {
  if (rest) return [rest.curve[0], rest.curve[1].map((value) => value * scale)];
  const total = made.count;
  const ranks = total > 400
    ? [...new Set(Array.from({ length: 400 }, (_, i) => Math.round(10 ** ((i / 399) * Math.log10(total)))))]
    : Array.from({ length: total }, (_, i) => i + 1);
  const absolute = state.norm === "variation";
  const order = ranked(made, made.c.map(Math.abs));
  const values = [];
  let before = 0;
  let reached = 0;
  let at = 0;
  for (const rank of ranks) {
    while (reached + many[order[at]] < rank) {
      const value = made.c[order[at]];
      before += many[order[at]] * (absolute ? Math.abs(value) : value);
      reached += many[order[at]];
      at += 1;
    }
    const value = made.c[order[at]];
    values.push((before + (rank - reached) * (absolute ? Math.abs(value) : value)) * scale);
  }
  return [ranks, values];
};
