// Fill in the pictures of the first page, and draw its chart with the Vega-Lite of Snakemake's page.
// Runs in a frame, because scripts in the text of a report do not run.
const home = frameElement.parentElement;
for (const picture of home.querySelectorAll("img[data-file]")) {
  const path = Object.keys(parent.results).find((each) => each.endsWith(picture.dataset.file));
  if (path) picture.src = parent.results[path].data_uri;
  else picture.closest("figure").remove();
}

const chart = home.querySelector("[data-curves]");
if (chart) {
  const { places, series, parts, bands, rows } = JSON.parse(chart.dataset.curves);
  const OBSERVED = ["Observed", "Observed later"];  // the later one is the newer
  const number = (value) => (value === null ? "" : Number(value.toPrecision(3)).toLocaleString());
  const range = (low, high) => (low === null ? "" : `${number(low)}–${number(high)}`);
  const observed = new Map();
  for (const [place, name, part, date, , , value] of rows) {
    if (OBSERVED.includes(parts[part])) observed.set([place, name, date].join(), value);
  }
  const values = rows.map(([place, name, part, date, low, innerLow, median, innerHigh, high]) => ({
    place: places[place],
    series: series[name],
    part: parts[part],
    date,
    low,
    innerLow,
    median,
    innerHigh,
    high,
    Median: number(median),
    Inner: range(innerLow, innerHigh),
    Outer: range(low, high),
    Observed: number(observed.get([place, name, date].join()) ?? null),
  }));

  const drawn = parts.filter((part) => !OBSERVED.includes(part));
  const colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
  const menu = (name, options) => ({
    name,
    value: options[0],
    bind: { input: "select", options, element: ".first-page-choices", name: `${name[0].toUpperCase()}${name.slice(1)} ` },
  });
  const curves = [{ filter: "!test(/^Observed( later)?$/, datum.part)" }];
  const date = { field: "date", type: "temporal", axis: { title: null, grid: false, format: "%b %-d", labelOverlap: true } };
  const y = (field) => ({ field, type: "quantitative", axis: { title: null, tickCount: 5 } });
  const color = { field: "part", type: "nominal", scale: { domain: drawn, range: colours.slice(0, drawn.length) },
    legend: drawn.length > 1 ? { title: null, orient: "bottom" } : null };
  const band = (low, high, opacity) => ({
    transform: curves, mark: { type: "area", opacity, clip: true },
    encoding: { y: y(low), y2: { field: high }, color },
  });
  const tooltip = [
    { field: "date", type: "temporal", title: "Date", format: "%B %-d, %Y" },
    { field: "part", title: "Curve" },
    { field: "Median", title: "Median" },
    ...(bands[1] ? [{ field: "Inner", title: bands[1] }] : []),
    ...(bands[0] ? [{ field: "Outer", title: bands[0] }] : []),
    ...(observed.size ? [{ field: "Observed", title: "Observed" }] : []),
  ];
  const main = {
    height: 260,
    title: { text: { expr: "[place, series]" }, anchor: "start", fontSize: 12 },
    encoding: { x: { ...date, scale: { domain: { param: "dates" } } } },
    layer: [
      band("low", "high", 0.2),
      band("innerLow", "innerHigh", 0.3),
      { transform: curves, mark: { type: "line", clip: true }, encoding: { y: y("median"), color } },
      ...OBSERVED.map((part) => ({
        transform: [{ filter: `datum.part === '${part}'` }],
        mark: { type: "point", filled: part === OBSERVED[0], color: "black", size: 28, opacity: 1, clip: true },
        encoding: { y: y("median") },
      })),
      {
        transform: curves,
        params: [{ name: "hover", select: { type: "point", on: "mouseover", clear: "mouseout", nearest: true, encodings: ["x"] } }],
        mark: { type: "rule", color: "#4D4D4D", clip: true },
        encoding: { opacity: { condition: { param: "hover", empty: false, value: 0.8 }, value: 0 }, tooltip },
      },
    ],
  };
  const overview = {
    height: 40, transform: curves,
    params: [{ name: "dates", select: { type: "interval", encodings: ["x"] } }],
    mark: "line",
    encoding: { x: { ...date, axis: null }, y: { ...y("median"), axis: null }, color: { ...color, legend: null } },
  };
  const spec = {
    data: { values },
    params: [menu("place", places), menu("series", series)],
    transform: [{ filter: "datum.place === place && datum.series === series" }],
    spacing: 8,
    config: { view: { stroke: null }, font: "inherit" },
  };
  const actions = { export: true, source: false, compiled: false, editor: false };
  let width = 0;
  const draw = () => {
    const fitting = Math.max(200, Math.min(680, home.clientWidth - 75));
    if (fitting === width) return;
    width = fitting;
    home.querySelector(".first-page-choices").replaceChildren();
    const vconcat = [main, overview].map((each) => ({ ...each, width }));
    parent.vegaEmbed(chart, { ...spec, vconcat }, { mode: "vega-lite", renderer: "svg", actions });
  };
  draw();
  parent.addEventListener("resize", draw);
}
