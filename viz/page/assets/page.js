// The page's script: state, requests, cards. It knows no chart: a card's chart, data and signals come from the server.

const $ = (id) => document.getElementById(id);
const baked = $("baked") ? JSON.parse($("baked").textContent) : null;
const views = new Map();     // card -> {view, spec, shown: signals last set}
const nodes = new Map();     // card -> its elements
const fillings = new Map();  // card -> what the server last sent, one world's part merged in
const visible = new Set();   // cards on or near the screen
const dirty = new Set();     // cards whose data are newer than their drawing
let one = {};                // the one world: {key, found, asked}
let page, charts, answer, sliders = [], state, asking = null, token = 0, again = false, playing = 0;

// ---------------------------------------------------------------- small helpers

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
const short = (number) => String(Number(Number(number).toPrecision(3)));
const readable = (name) => { const text = name.split(".")[1].replaceAll("_", " "); return text[0].toUpperCase() + text.slice(1); };
const say = (text) => { $("notice").textContent = text; $("notice").hidden = !text; };

// ---------------------------------------------------------------- state and link

function readLink() {
  const query = new URLSearchParams(location.search);
  return {
    scenario: query.get("scenario") || page.first, versus: query.get("with") || "",
    worlds: query.get("worlds") || "1000", seed: query.get("seed") || "1",
    settings: new Map(query.getAll("set").map((text) => [text.split("=")[0], text.slice(text.indexOf("=") + 1)])),
    question: query.get("question") || "0", quarter: query.get("quarter"), world: query.get("world"), firm: query.get("firm") || "",
    view: query.get("view") === "claims" ? "claims" : "charts", log: query.get("scale") === "log", hide: query.get("future") === "hide",
  };
}
function runQuery(worlds = state.worlds) {
  const query = new URLSearchParams({ scenario: state.scenario });
  if (state.versus) query.set("with", state.versus);
  if (page.batch) return query;
  query.set("worlds", worlds);
  query.set("seed", state.seed);
  for (const [name, value] of [...state.settings].sort()) query.append("set", `${name}=${value}`);
  if (state.question !== "0") query.set("question", state.question);
  return query;
}
function link() {
  const query = runQuery();
  if (state.quarter) query.set("quarter", state.quarter);
  if (state.world != null) query.set("world", state.world);
  if (state.firm) query.set("firm", state.firm);
  if (state.view === "claims") query.set("view", "claims");
  if (state.log) query.set("scale", "log");
  if (state.hide) query.set("future", "hide");
  return query.toString();
}
function remember(step = true) {
  if (baked) return;
  const next = `?${link()}`;
  if (next === location.search) return;
  history[step ? "pushState" : "replaceState"](null, "", next);
}

// ---------------------------------------------------------------- requests

async function fetched(path, signal) {
  const reply = await fetch(path, { signal });
  const text = await reply.text();
  let document;
  try { document = JSON.parse(text); } catch { document = { error: `the server answered ${reply.status}` }; }
  if (!reply.ok) throw new Refused(document.error || `the server answered ${reply.status}`);
  return document;
}
class Refused extends Error {}

// While a slider is dragged one preview is under way at a time, and the last position follows it; a full run stops it.
async function run({ preview = false, step = true } = {}) {
  if (preview && asking === "preview") { again = true; return; }
  const mine = ++token;
  if (run.abort) run.abort.abort();
  run.abort = new AbortController();
  asking = preview ? "preview" : "full";
  again = false;
  document.body.removeAttribute("data-ready");
  document.body.setAttribute("data-busy", asking);
  if (!preview) remember(step);
  const early = run.early;
  run.early = null;
  try {
    const asked = performance.now();
    const worlds = preview ? Math.min(page.limits.preview, Number(state.worlds) || 1) : state.worlds;
    const found = baked ? bakedView() : await (early || fetched(`api/view?${runQuery(worlds)}`, run.abort.signal));
    if (mine !== token) return;
    const received = performance.now();
    say("");
    answer = found;
    await show();
    if (mine !== token) return;
    performance.measure("asked to received", { start: asked, end: received });
    performance.measure("received to painted", { start: received, end: performance.now() });
    asking = null;
    if (preview) { document.body.setAttribute("data-preview", found.query); if (again) run({ preview: true }); return; }
    document.body.removeAttribute("data-busy");
    if (page.batch) stored(); else await world();
    if (state.view === "claims") await claims(mine);
    if (mine === token) document.body.setAttribute("data-ready", found.query);
  } catch (error) {
    if (mine !== token || error.name === "AbortError") return;
    asking = null;
    document.body.removeAttribute("data-busy");
    say(error instanceof Refused ? error.message : `No answer from the server (${error.message}).`);
    document.body.setAttribute("data-ready", "refused");
  }
}
function bakedState() { return baked.states.find((row) => row.scenario === state.scenario) || baked.states[0]; }
function bakedView() {
  const row = bakedState();
  if (!row.questions) return row.view;
  const asked = row.questions[state.question] || row.questions["0"];
  return { ...row.view, ...asked, cards: { ...row.view.cards, ...asked.cards } };
}
function worldQuery() {
  const query = runQuery();
  for (const name of ["with", "question"]) query.delete(name);
  query.set("world", state.world ?? answer.picks[0].world);
  return query;
}
// One world is run when it is looked at: its section near the screen, stepped through, or named in the link.
const watched = () => state.hide || state.world != null || [...visible].some((name) => nodes.get(name).row.section === "world");
async function world() {
  if (page.batch || !answer?.picks) return;
  const query = worldQuery(), key = query.toString(), sheet = nodes.get("events").sheet;
  picker(Number(query.get("world")));
  if (key !== one.key) {
    one = { key };
    sheet.box.removeAttribute("data-told");
    document.body.removeAttribute("data-world");
  }
  if (one.asked || !watched()) return;
  const mine = one;
  mine.asked = true;
  for (const node of nodes.values()) if (node.row.section === "world") node.card.setAttribute("aria-busy", "true");
  try {
    const found = baked ? bakedState().world : await fetched(`api/world?${query}`, run.abort?.signal);
    if (mine !== one) return;
    mine.found = found;
    for (const [name, part] of Object.entries(found.cards)) merge(name, part);
    sheet.firm.replaceChildren(element("option", { value: "" }, "all"), ...found.deals.firms.map((row) => element("option", { value: row.name }, row.title)));
    if (state.firm && !found.deals.firms.some((row) => row.name === state.firm)) state.firm = "";
    for (const node of nodes.values()) node.card.removeAttribute("aria-busy");
    await moved();
    if (mine === one) document.body.setAttribute("data-world", key);
  } catch (error) {
    mine.asked = false;
    throw error;
  }
}
const look = () => world().catch((error) => { if (error.name !== "AbortError") say(error.message); });
function tell() {
  const sheet = nodes.get("events")?.sheet, quarter = answer.quarters[place()];
  if (!sheet) return;
  sheet.title.textContent = `Negotiations of ${quarter}`;
  const all = one.found?.deals.quarters[quarter];
  narrate(quarter);
  if (!all) return;
  if (sheet.firm.value !== state.firm) sheet.firm.value = state.firm;
  const name = (talk) => `${talk.kind} ${talk.parties[0] || ""}`;
  const open = new Set([...sheet.list.querySelectorAll("details[open]")].map((node) => node.dataset.talk));
  const mine = all.filter((talk) => !state.firm || talk.parties.includes(state.firm));
  sheet.list.replaceChildren(...mine.map((talk) => element("details", { "data-talk": name(talk), open: open.has(name(talk)) },
    element("summary", {}, talk.heading), element("ul", {}, ...talk.sentences.map((text) => element("li", {}, text))))));
  if (!mine.length) sheet.list.append(element("p", { class: "hint" }, "No negotiation of this quarter involves this firm."));
  sheet.count.textContent = `${mine.length} of ${all.length}`;
  sheet.box.setAttribute("data-told", quarter);
}
// While the market is stepped through: what happened in the quarter, in words, wherever on the page the reader is.
function narrate(quarter) {
  const rows = one.found?.cards.events.data.events;
  $("told").hidden = !state.hide;
  if (!state.hide) return;
  const now = rows ? rows.text.filter((text, k) => rows.quarter[k] === quarter) : ["Running this world …"];
  $("told").replaceChildren(element("b", {}, `${quarter}, world no. ${worldQuery().get("world")}. `), now.join(" "));
  $("told").scrollTop = 0;
}
function dealSheet() {
  const sheet = { title: element("h4", {}, "Negotiations"), count: element("span", { class: "hint", role: "status" }), firm: element("select", { id: "firm" }, element("option", { value: "" }, "all")),
    list: element("div", { class: "talks", tabindex: 0, role: "region", "aria-label": "Negotiations of the quarter" }) };
  sheet.firm.addEventListener("change", () => { state.firm = sheet.firm.value; remember(false); tell(); });
  sheet.box = element("div", { class: "sheet" }, element("div", { class: "heading" }, sheet.title, element("label", {}, "Firm ", sheet.firm), sheet.count), sheet.list, element("h4", {}, "All that has happened, newest first"));
  return sheet;
}
// A finished batch: what its worlds are at the horizon and by year, as a table, and in words what is opened.
function stored() {
  const { times, lines } = answer.table, table = $("stored-table");
  table.tHead.replaceChildren(element("tr", {}, element("td", {}), ...times.map((time) => element("th", { scope: "col" }, time))));
  table.tBodies[0].replaceChildren(...lines.map((line) => element("tr", {}, element("th", { scope: "row" }, line.name),
    ...line.cells.map(([median, band]) => element("td", {}, median || "", ...(band ? [element("small", {}, band)] : []))))));
  $("stored-words").replaceChildren(...answer.stored.map((text) => element("p", {}, text)));
  const bands = [...nodes.values()].some((node) => node.row.section !== "difference" && !node.card.hidden);
  document.querySelector("footer").hidden = !bands;
}
async function claims(mine = token) {
  const found = baked ? bakedState().claims : await fetched(`api/claims?${runQuery()}`, run.abort?.signal);
  if (mine !== token) return;
  const body = $("claims-table").tBodies[0];
  body.replaceChildren();
  let last = "";
  for (const row of found.shown) {
    if (row.claim !== last) body.append(element("tr", {}, element("th", { scope: "rowgroup", colspan: 5 }, (last = row.claim))));
    const name = element("td", {}, row.measure);
    if (row.note) name.append(element("small", {}, row.note));
    const odds = element("td", {});
    if (row.bar != null) odds.append(element("meter", { min: 0, max: 1, value: row.bar, "aria-label": `odds ${row.odds}` }), row.odds);
    body.append(element("tr", {}, name, ...["claimed", "median", "band"].map((key) => element("td", {}, row[key])), odds));
  }
}

// ---------------------------------------------------------------- showing an answer

function merge(name, part, base = fillings.get(name) || {}) {
  fillings.set(name, { ...base, ...part, data: { ...base.data, ...part.data }, signals: { ...base.signals, ...part.signals } });
  dirty.add(name);
}
async function show() {
  const quarters = answer.quarters;
  $("scrubber").max = quarters.length - 1;
  if (!quarters.includes(state.quarter)) state.quarter = null;
  $("scrubber").value = state.quarter ? quarters.indexOf(state.quarter) : quarters.length - 1;
  $("sentence").textContent = answer.sentence;
  $("versus-line").textContent = answer.versus;
  $("versus-line").hidden = !answer.versus;
  $("versus-line").className = answer.versus.startsWith("Dashed") ? "dashed" : "hint";
  $("settings-line").textContent = [answer.settings, answer.hint].filter(Boolean).join(". ");
  $("tiles").replaceChildren(...answer.tiles.map((tile, k) => element("div", { "data-colour": ["price", "oracle", "openai", "softbank"][k] },
    element("dt", {}, tile.label), element("dd", {}, tile.value, element("small", {}, tile.spread)))));
  colours();
  const facts = answer.run;
  $("run-line").textContent = `${answer.title}. ${Number(facts.worlds).toLocaleString("en")} worlds, seed ${facts.seed}, ` +
    `gigawatt ${facts.version}; known until the start ${facts.start}.${answer.description ? ` ${answer.description}` : ""}`;
  if (page.batch) $("run-line").textContent = `${answer.title}. ${Number(facts.worlds).toLocaleString("en")} worlds${facts.points > 1 ? ` at each of ${facts.points} points` : ""}, ` +
    `seed ${facts.seed}, run with gigawatt ${facts.version}; known until the start ${facts.start}.${answer.description ? ` ${answer.description}` : ""}`;
  const query = runQuery();
  $("csv").href = `api/quantiles.csv?${query}`;
  $("json").href = `api/quantiles?${query}`;
  $("export").href = `export.html?${query}`;
  $("snippet").textContent = `pandas.read_csv("${location.origin}/api/quantiles.csv?${query}")`;
  for (const card of page.cards) {
    const part = answer.cards[card.name];
    if (part) {
      // The typical world's line comes with the ensemble; another's stays until that world is run again.
      const kept = state.world != null && fillings.get(card.name)?.data?.one;
      merge(card.name, kept ? { ...part, data: { ...part.data, one: kept } } : part, {});
    }
    if (card.section !== "world") nodes.get(card.name).card.hidden = !part;
  }
  for (const node of document.querySelectorAll(".group")) node.hidden = ![...node.querySelectorAll(".card")].some((card) => !card.hidden);
  const grid = document.querySelector('[data-section="market"] .grid');
  const wanted = answer.order.map((name) => nodes.get(name).card);
  if (wanted.some((card, k) => grid.children[k] !== card)) grid.append(...wanted);
  controls();
  await moved();
}
const place = () => Number($("scrubber").value);
function common() {
  const now = answer.x[place()];
  return { now, shown: state.hide ? now : 9999 };
}
async function moved() {
  const k = place(), now = common().now;
  $("quarter").textContent = answer.quarters[k];
  $("scrubber").setAttribute("aria-valuetext", answer.quarters[k]);
  for (const [name, node] of nodes) {
    const part = fillings.get(name);
    if (!part) continue;
    node.value.textContent = part.head ? part.head[k] ?? "" : "";
    node.about.textContent = [part.about ?? node.row.about, part.sub ? part.sub[k] : ""].filter(Boolean).join(" · ");
    node.note.textContent = part.note || "";
    if (part.key) node.key.replaceChildren(...part.key.map(([text, paint]) => { const dot = element("i"); dot.style.background = paint; return element("span", {}, dot, text); }));
    if (node.plot) node.plot.setAttribute("aria-label", `${node.row.title}. ${part.spoken || ""}`);
    else log(node, part, now);
    dirty.add(name);
  }
  tell();
  await draw();
}
function log(node, part, now) {
  const rows = part.data.events, items = [], quarters = [...new Set(rows.quarter)].reverse();
  for (const quarter of quarters) rows.text.forEach((text, k) => {
    if (rows.quarter[k] !== quarter || rows.x[k] > now + 0.01) return;
    items.push(element("li", { class: Math.abs(rows.x[k] - now) < 0.01 ? "now" : null }, element("time", {}, quarter), element("span", {}, text)));
  });
  if (!items.length) items.push(element("li", {}, element("time", {}, ""), "Nothing yet."));
  node.list.replaceChildren(...items);
}

// ---------------------------------------------------------------- charts

function records(columns) {
  const names = Object.keys(columns), found = [];
  for (let k = 0; k < (columns[names[0]] || []).length; k++) {
    const row = {};
    for (const name of names) row[name] = columns[name][k];
    found.push(row);
  }
  return found;
}
// What is on the screen is drawn now; what is near it follows, card by card, so that neither input nor paint waits.
const onScreen = (name) => { const box = nodes.get(name).card.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; };
async function draw() {
  clearTimeout(draw.rest);
  await Promise.all([...dirty].filter((name) => fillings.has(name) && onScreen(name)).map(paint));
  draw.rest = setTimeout(drawNext);
}
async function drawNext() {
  const name = [...visible].find((one) => dirty.has(one) && fillings.has(one));
  if (name === undefined) return;
  await paint(name);
  clearTimeout(draw.rest);
  draw.rest = setTimeout(drawNext);
}
async function paint(name) {
  const node = nodes.get(name), part = fillings.get(name);
  dirty.delete(name);
  if (!node.plot || node.card.hidden) return;
  const wanted = node.row.log && state.log ? `${node.row.chart}_log` : node.row.chart;
  let held = views.get(name);
  if (held && held.chart !== wanted) { held.view.finalize(); views.delete(name); held = null; }
  if (held === undefined || held === null) {
    const chart = charts[wanted];
    views.set(name, (held = { chart: wanted, signals: chart.signals, names: chart.data, data: {} }));
    const spec = structuredClone(chart.spec);
    for (const entry of spec.data) if (part.data?.[entry.name] && chart.data.includes(entry.name)) {
      entry.values = records(part.data[entry.name]);
      held.data[entry.name] = part.data[entry.name];
    }
    const start = { ...common(), ...part.signals };
    for (const entry of spec.signals || []) if (entry.name in start && chart.signals.includes(entry.name)) entry.value = start[entry.name];
    if (start.height) spec.height = start.height;
    const made = await window.vegaEmbed(node.inner, spec, { actions: false, renderer: "svg", ast: true, defaultStyle: false, mode: "vega", tooltip: { disableDefaultStyle: true, theme: "plain" } });
    held.view = made.view;
    held.view.addEventListener("click", (event, item) => clicked(item?.datum));
    if (dirty.has(name)) return paint(name);
    return;
  }
  if (!held.view) { dirty.add(name); return; }
  const signals = { ...common(), ...part.signals };
  if (node.row.log && state.log) signals.bottom = Math.max(signals.bottom, signals.least ?? 0.1);
  for (const [key, value] of Object.entries(signals)) if (held.signals.includes(key)) held.view.signal(key, value);
  for (const key of held.names) if (part.data?.[key] && held.data[key] !== part.data[key]) {
    held.view.data(key, records(part.data[key]));
    held.data[key] = part.data[key];
  }
  await held.view.runAsync();
}
function clicked(datum) {
  if (!datum) return;
  if (datum.quarter && answer.quarters.includes(datum.quarter)) go(answer.quarters.indexOf(datum.quarter));
  if (datum.parameter && datum.value != null && !baked) set(datum.parameter, short(datum.value));
}
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const name = entry.target.dataset.card;
    if (entry.isIntersecting) visible.add(name); else visible.delete(name);
  }
  if (answer) { draw(); look(); }
}, { rootMargin: "300px 0px" });

function layOut() {
  for (const [section, heading] of Object.entries(page.sections)) {
    const grid = element("div", { class: "grid" });
    const line = element("div", { class: "heading" }, element("h2", { id: `h-${section}` }, heading));
    if (section === "compute") {
      line.append(element("p", {}, `line: median · bands: 50 % and 90 % of worlds · dots: the record${page.batch ? "" : " · thin: the one world below"}`),
        element("label", {}, element("input", { type: "checkbox", id: "log" }), " log scale"));
    }
    if (section === "world") {
      line.append(element("label", {}, "World ", element("select", { id: "pick" })),
        element("label", { class: "live" }, "or number ", element("input", { id: "number", type: "number", min: 0, step: 1, inputmode: "numeric" })));
    }
    for (const row of page.cards.filter((card) => card.section === section)) {
      const node = { row, value: element("span", { class: "value" }), about: element("p", { class: "about" }), note: element("p", { class: "note" }), key: element("p", { class: "key" }) };
      const body = row.chart ? (node.plot = element("div", { class: "plot", role: "img", "aria-label": row.title }, (node.inner = element("div", { "aria-hidden": "true" }))))
        : (node.list = element("ol", { class: "log", tabindex: 0, "aria-label": row.title }));
      const title = element("div", { class: "title" }, element("h3", {}, row.title), node.value);
      node.card = element("article", { class: `card ${row.size}`, "data-card": row.name, "data-colour": row.colour }, title, node.about, node.key, ...(row.chart ? [] : [(node.sheet = dealSheet()).box]), body, node.note);
      nodes.set(row.name, node);
      grid.append(node.card);
      watcher.observe(node.card);
    }
    $("charts").append(element("section", { class: "group", "data-section": section, "aria-labelledby": `h-${section}` }, line, grid));
  }
}
function colours() {
  for (const card of document.querySelectorAll("[data-colour]")) card.style.setProperty("--c", `var(--${card.dataset.colour})`);
}

// ---------------------------------------------------------------- assumptions

function set(name, value) {
  if (value == null) state.settings.delete(name); else state.settings.set(name, value);
  run();
}
function slider(name) {
  const row = page.parameters.find((one) => one.name === name), id = `p-${name.replace(".", "-")}`;
  const output = element("output", { for: id });
  const input = element("input", { type: "range", id, min: row.low, max: row.high, step: "any", "aria-describedby": `${id}-why` });
  const step = (row.high - row.low) / 100;
  const clear = element("button", { type: "button", class: "clear", "aria-label": `Let ${name} vary again`, onclick: () => { set(name, null); input.focus(); } }, "×");
  const mark = element("span", { class: "mark", "aria-hidden": "true" });
  mark.style.left = `calc(8px + (100% - 16px) * ${(row.central - row.low) / Math.max(row.high - row.low, 1e-12)})`;
  const fixed = row.distribution === "fixed" || row.low === row.high;
  if (row.low === row.high) { input.min = row.minimum; input.max = row.maximum; }
  const owner = name.split(".")[0].replaceAll("_", " ");
  const why = element("p", { class: "why", id: `${id}-why` }, `${short(row.low)} to ${short(row.high)}, central ${short(row.central)} (${row.unit}). Source: ${row.source}.`);
  const label = element("label", { for: id }, readable(name), element("span", { class: "hint" }, ` ${owner}`));
  const what = element("p", { class: "what" }, row.description);
  const box = element("div", { class: "slider", "data-parameter": name }, element("div", { class: "top" }, label, output), what,
    element("div", { class: "track" }, element("div", { class: "wide" }, input, mark), clear), why);
  box.refresh = () => {
    const value = state.settings.get(name);
    if (document.activeElement !== input || value == null || Number(input.value) !== Number(value)) input.value = value ?? row.central;
    output.textContent = value == null ? (fixed ? short(row.central) : "varies") : short(value);
    output.className = value == null ? "free" : "";
    clear.hidden = value == null;
    input.setAttribute("aria-valuetext", value == null ? `varies, central ${short(row.central)}` : `${short(value)} ${row.unit}`);
  };
  input.addEventListener("input", () => { state.settings.set(name, short(input.value)); refreshSliders(); run({ preview: true }); });
  input.addEventListener("change", () => { state.settings.set(name, short(input.value)); refreshSliders(); run(); });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    input.value = Math.min(Math.max(Number(input.value) + by * step, Number(input.min)), Number(input.max));
    input.dispatchEvent(new Event("input"));
    clearTimeout(slider.timer);
    slider.timer = setTimeout(() => input.dispatchEvent(new Event("change")), 350);
  });
  box.refresh();
  return box;
}
const refreshSliders = () => { for (const box of document.querySelectorAll(".slider")) box.refresh(); };
async function mainSliders() {
  const asked = state.scenario;
  const found = await fetched(`api/sliders?scenario=${encodeURIComponent(asked)}`);
  if (asked !== state.scenario) return;
  sliders = found;
  const there = [...$("sliders").children].map((box) => box.dataset.parameter);
  if (there.join() !== found.sliders.join()) $("sliders").replaceChildren(...found.sliders.map(slider));
  if ($("drawer").open) drawer();
}
function drawer() {
  const text = $("search").value.trim().toLowerCase();
  const order = sliders.by_influence || page.parameters.map((row) => row.name);
  const rows = order.map((name) => page.parameters.find((row) => row.name === name))
    .filter((row) => !text || `${row.name} ${readable(row.name)} ${row.description} ${row.owner}`.toLowerCase().includes(text));
  const shown = rows.filter((row) => !(sliders.sliders || []).includes(row.name) || text).slice(0, text ? 40 : 20);
  $("found").textContent = `${rows.length} found${shown.length < rows.length ? `, ${shown.length} shown, the most influential first` : ""}`;
  $("all").replaceChildren(...shown.map((row) => slider(row.name)).map((box) => { for (const part of box.querySelectorAll("[id], [for], [aria-describedby]"))
    for (const key of ["id", "for", "aria-describedby"]) if (part.hasAttribute(key)) part.setAttribute(key, `all-${part.getAttribute(key)}`); return box; }));
}

// ---------------------------------------------------------------- controls

function controls() {
  for (const tab of $("tabs").children) {
    const chosen = tab.dataset.name === state.scenario;
    if (chosen && tab.getAttribute("aria-pressed") === "false") $("tabs").scrollLeft = tab.offsetLeft - $("tabs").offsetLeft - 40;
    tab.setAttribute("aria-pressed", String(chosen));
  }
  $("versus").value = state.versus;
  $("question").value = state.question;
  $("worlds").value = state.worlds;
  $("seed").value = state.seed;
  $("future").checked = state.hide;
  $("log").checked = state.log;
  $("show-charts").setAttribute("aria-pressed", String(state.view === "charts"));
  $("show-claims").setAttribute("aria-pressed", String(state.view === "claims"));
  $("charts").hidden = state.view === "claims";
  $("claims").hidden = state.view !== "claims";
  refreshSliders();
}
function picker(number) {
  const labels = new Map();  // one world may be extreme in more than one way
  for (const pick of answer.picks) labels.set(pick.world, [...(labels.get(pick.world) || []), pick.label]);
  if (!labels.has(number)) labels.set(number, [`no. ${number}`]);
  const shown = JSON.stringify([...labels, number]);
  if (picker.shown === shown) return;  // nothing to do, least of all under the hand of who types or chooses
  picker.shown = shown;
  $("pick").replaceChildren(...[...labels].map(([world, texts]) => element("option", { value: world }, texts.join("; "))));
  $("pick").value = number;
  $("number").value = number;
}
async function go(k, follow = true) {
  const last = answer.quarters.length - 1, at = Math.min(Math.max(k, 0), last);
  $("scrubber").value = at;
  state.quarter = at === last ? null : answer.quarters[at];
  const began = performance.now();
  await moved();
  performance.measure("scrub", { start: began, end: performance.now() });
  if (follow) remember(false);
}
function hide(on) { state.hide = on; $("future").checked = on; if (on) look(); }
function stop() { clearInterval(playing); playing = 0; $("play").setAttribute("aria-pressed", "false"); $("play").setAttribute("aria-label", "Play"); $("play").textContent = "▶"; }
function play() {
  if (playing) return stop();
  hide(true);
  if (place() >= answer.quarters.length - 1) go(0);
  $("play").setAttribute("aria-pressed", "true");
  $("play").setAttribute("aria-label", "Pause");
  $("play").textContent = "❚❚";
  playing = setInterval(() => { if (place() >= answer.quarters.length - 1) stop(); else go(place() + 1); }, 700);
}
function whole(input, name) {
  return () => {
    if (input.value === String(state[name])) return;
    state[name] = input.value;
    if (name !== "world") return run();
    remember();
    run({ step: false });
  };
}
function narrow(media) {
  const rail = document.querySelector(".rail"), answerBox = document.querySelector(".answer");
  if (media.matches) { answerBox.after(rail); $("rail").open = false; } else { document.querySelector(".frame").prepend(rail); $("rail").open = true; }
}
function wire() {
  for (const row of page.scenarios) {
    const choose = () => { state.scenario = row.name; state.world = null; run(); if (!baked && !page.batch) mainSliders(); };
    $("tabs").append(element("button", { type: "button", "data-name": row.name, title: row.title, "aria-pressed": "false", onclick: choose }, row.name.replaceAll("-", " ")));
    $("versus").append(element("option", { value: row.name }, row.name.replaceAll("-", " ")));
  }
  page.questions.forEach((text, k) => $("question").append(element("option", { value: k }, k ? `${k}. ${text}` : text)));
  $("count").textContent = page.parameters.length;
  $("versus").addEventListener("change", () => { state.versus = $("versus").value; run(); });
  $("question").addEventListener("change", () => { state.question = $("question").value; run(); });
  $("worlds").max = page.limits.worlds;
  $("worlds").addEventListener("change", whole($("worlds"), "worlds"));
  $("seed").addEventListener("change", whole($("seed"), "seed"));
  $("reset").addEventListener("click", () => { state.settings.clear(); state.worlds = "1000"; state.seed = "1"; run(); });
  $("drawer").addEventListener("toggle", () => $("drawer").open && drawer());
  $("search").addEventListener("input", drawer);
  $("log").addEventListener("change", () => { state.log = $("log").checked; for (const card of page.cards) dirty.add(card.name); remember(); draw(); });
  $("pick")?.addEventListener("change", () => { state.world = $("pick").value; remember(); run({ step: false }); });
  $("number")?.addEventListener("change", whole($("number"), "world"));
  for (const view of ["charts", "claims"]) $(`show-${view}`).addEventListener("click", async () => {
    state.view = view;
    controls();
    remember();
    if (view === "claims") await claims().catch((error) => say(error.message)); else await moved();
  });
  $("copy").addEventListener("click", async () => {
    remember(false);
    try { await navigator.clipboard.writeText(location.href); $("copy").textContent = "Copied"; } catch { say(`Copy the address: ${location.href}`); }
    setTimeout(() => { $("copy").textContent = "Copy link"; }, 1500);
  });
  $("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.body).colorScheme === "dark" || (!document.documentElement.style.colorScheme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.style.colorScheme = document.documentElement.style.colorScheme === "dark" || (dark && !document.documentElement.style.colorScheme) ? "light" : "dark";
  });
  $("scrubber").addEventListener("input", () => { stop(); go(place(), false); });
  $("scrubber").addEventListener("change", () => remember(false));
  $("future").addEventListener("change", () => { hide($("future").checked); remember(false); moved(); });
  $("play").addEventListener("click", play);
  $("step").addEventListener("click", () => { stop(); hide(true); go(place() + 1); });
  $("back").addEventListener("click", () => { stop(); hide(true); go(place() - 1); });
  $("first").addEventListener("click", () => { stop(); hide(true); go(0); });
  addEventListener("popstate", () => { const before = state.scenario; state = readLink(); run({ step: false }); if (before !== state.scenario && !page.batch) mainSliders(); });
  const media = matchMedia("(max-width: 900px)");
  media.addEventListener("change", narrow);
  narrow(media);
}

async function start() {
  const drawing = window.vegaEmbed ? null : import("./vega.js");
  if (!baked) { run.early = fetched(`api/view${location.search}`); run.early.catch(() => {}); }
  [page, charts] = baked ? [baked.page, baked.charts] : await Promise.all([fetched("api/page"), fetched("api/charts")]);
  if (page.batch) run.early = null;
  state = baked ? { ...readLink(), scenario: baked.states[0].scenario } : readLink();
  layOut();
  wire();
  colours();
  if (baked) {
    for (const part of document.querySelectorAll(".live")) part.hidden = true;
    $("rail").hidden = true;
    $("baked-hint").hidden = false;
    const frame = document.querySelector(".frame");
    frame.dataset.baked = "";
  }
  if (page.batch) {
    for (const part of document.querySelectorAll(".run")) part.hidden = true;
    for (const name of ["stored", "stored-words"]) $(name).hidden = false;
    $("versus-label").hidden = Boolean(baked) || page.scenarios.length < 2;
    state.view = "charts";
  }
  await drawing;
  await run({ step: false });
  performance.measure("start to ready", { start: 0, end: performance.now() });
  if (!baked && !page.batch) await mainSliders();
}
start().catch((error) => { say(`The page could not start: ${error.message}`); document.body.setAttribute("data-ready", "refused"); });
