/* The libraries of the page: scripts/report-library bundles them into third_party/. */
export { default as uPlot } from "uplot";
export { default as flamegraph } from "d3-flame-graph";
export { select } from "d3-selection";
