"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const single = read("figures");
  const bySite = read("sites");
  const options = { displayModeBar: false, displaylogo: false };

  const draw = (place, figure) => Plotly.react(place, figure.data, figure.layout, options);

  const drawings = [...document.querySelectorAll("[data-figure]")].map((place) =>
    draw(place, single[place.dataset.figure]));

  // One choice of site for all charts that show one site.
  const selects = [...document.querySelectorAll("select[data-site]")];
  const show = (site) => {
    for (const select of selects) select.value = site;
    for (const chosen of document.querySelectorAll("[data-chosen]")) {
      chosen.textContent = bySite.names[site];
    }
    for (const text of document.querySelectorAll("[data-finding]")) {
      text.textContent = bySite.findings[site];
    }
    return [...document.querySelectorAll("[data-site-figure]")].map((place) =>
      draw(place, bySite[place.dataset.siteFigure][site]));
  };
  for (const select of selects) select.addEventListener("change", () => show(select.value));
  if (selects.length) drawings.push(...show(selects[0].value));

  // Follow the window, but not the paper: a print scales the page as it stands.
  window.addEventListener("resize", () => {
    if (window.matchMedia("print").matches) return;
    for (const place of document.querySelectorAll(".chart")) Plotly.Plots.resize(place);
  });

  // Paper has the width of the style sheet, and shows what is folded away on the screen.
  const paper = (place) => ({ width: Number(place.dataset.paper), autosize: false });
  const screen = () => ({ width: null, autosize: true });
  const relayout = (size) => {
    for (const place of document.querySelectorAll(".chart")) Plotly.relayout(place, size(place));
  };
  const folds = document.querySelectorAll("details");
  window.addEventListener("beforeprint", () => {
    relayout(paper);
    for (const fold of folds) { fold.dataset.was = fold.open; fold.open = true; }
  });
  window.addEventListener("afterprint", () => {
    relayout(screen);
    for (const fold of folds) fold.open = fold.dataset.was === "true";
  });

  Promise.all(drawings).then(() => { document.documentElement.dataset.drawn = "true"; });
})();
