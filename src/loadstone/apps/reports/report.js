"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const single = read("figures");
  const bySite = read("sites");
  const options = { responsive: true, displayModeBar: false, displaylogo: false };

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

  // What is folded away on the screen belongs on paper.
  const folds = document.querySelectorAll("details");
  window.addEventListener("beforeprint", () => {
    for (const fold of folds) { fold.dataset.was = fold.open; fold.open = true; }
  });
  window.addEventListener("afterprint", () => {
    for (const fold of folds) fold.open = fold.dataset.was === "true";
  });

  Promise.all(drawings).then(() => { document.documentElement.dataset.drawn = "true"; });
})();
