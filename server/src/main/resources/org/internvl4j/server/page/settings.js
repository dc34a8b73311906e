// How answers are chosen: the sliders at the side.

import { make } from "./elements.js";
import { MOST_TILES } from "./pictures.js";
import { recall, remember } from "./store.js";
import { texts } from "./texts.js";

const SLIDERS = [
  { name: "temperature", min: 0, max: 2, step: 0.05, value: 0 },
  { name: "topP", min: 0.05, max: 1, step: 0.05, value: 0.7 },
  { name: "repetition", min: 1, max: 1.5, step: 0.02, value: 1 },
  { name: "length", min: 16, max: 4096, step: 16, value: 1024 },
  { name: "maxTiles", min: 1, max: MOST_TILES, step: 1, value: 12 },
];

const DEFAULTS = { system: "", ...Object.fromEntries(SLIDERS.map((s) => [s.name, s.value])) };

function kept() {
  try {
    return JSON.parse(recall("settings") ?? "{}");
  } catch {
    return {};
  }
}

let values = { ...DEFAULTS };
for (const { name, min, max } of SLIDERS) {
  const value = kept()[name];
  if (typeof value === "number" && value >= min && value <= max) {
    values[name] = value;
  }
}
values.system = String(kept().system ?? "");

/** All of them, by name. */
export function settings() {
  return values;
}

/** Their fields in a request. A seed of its own makes the next try another one. */
export function fields() {
  return {
    temperature: values.temperature,
    top_p: values.topP,
    repetition_penalty: values.repetition,
    max_tokens: values.length,
    seed: Math.floor(Math.random() * 2 ** 31),
  };
}

/** Draws them into the panel, and tells when one changes. */
export function drawSettings(panel, onchange) {
  const own = texts();
  const set = (name, value) => {
    values[name] = value;
    remember("settings", JSON.stringify(values));
    onchange();
  };
  const reset = () => {
    values = { ...DEFAULTS };
    remember("settings", JSON.stringify(values));
    drawSettings(panel, onchange);
    onchange();
    panel.querySelector("input").focus();
  };
  panel.replaceChildren(
    make("h2", { textContent: own.settings }),
    ...SLIDERS.map((slider) => drawSlider(slider, own, set)),
    make("label", { className: "name", htmlFor: "set-system", textContent: own.system }),
    make("textarea", {
      id: "set-system",
      rows: 4,
      value: values.system,
      placeholder: own.systemHint,
      oninput: (event) => set("system", event.target.value),
    }),
    make("button", { type: "button", className: "wide", textContent: own.reset, onclick: reset }),
  );
}

function drawSlider({ name, min, max, step }, own, set) {
  const shown = make("output", { htmlFor: `set-${name}`, textContent: values[name] });
  const input = make("input", {
    type: "range",
    id: `set-${name}`,
    min,
    max,
    step,
    value: values[name],
    oninput: () => {
      shown.textContent = input.value;
      set(name, Number(input.value));
    },
  });
  input.setAttribute("aria-describedby", `more-${name}`);
  return make(
    "div",
    { className: "slider" },
    make("label", { className: "name", htmlFor: `set-${name}`, textContent: own[name] }),
    shown,
    input,
    make("p", { id: `more-${name}`, className: "note", textContent: own[`${name}More`] }),
  );
}
