// Where a question is written, with its pictures.

import { countTokens } from "./api.js";
import { byId, iconButton, make } from "./elements.js";
import { address, read, tileCount, TooLarge } from "./pictures.js";
import { settings } from "./settings.js";
import { count, texts } from "./texts.js";

const PAUSE = 350; // ms without typing before tokens are counted

let pictures = [];
let isFind = false;
let counting = null;
let say = () => {};

/** Makes it live. @param send hears `{ text, pictures, find }`, false if it cannot be sent; @param tell says a sentence */
export function startComposer(send, tell) {
  say = tell;
  const field = byId("question");
  field.addEventListener("input", () => changed());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      byId("composer").requestSubmit();
    }
  });
  byId("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text !== "" && !byId("send").hidden) {
      const question = { text, pictures, find: isFind };
      clear();
      if (!(await send(question))) {
        giveBack(question);
      }
    }
  });
  byId("find").addEventListener("click", () => setFind(!isFind));
  for (const [button, input] of [["attach", "files"], ["shoot", "camera"]]) {
    byId(button).addEventListener("click", () => byId(input).click());
    byId(input).addEventListener("change", async () => {
      const chosen = [...byId(input).files];
      byId(input).value = ""; // so that the same file can be chosen again
      await add(chosen);
      field.focus();
    });
  }
  document.addEventListener("paste", (event) => paste(event));
  startDropping();
  changed();
}

function paste(event) {
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (files.length > 0) {
    event.preventDefault();
    add(files);
  }
}

function startDropping() {
  let depth = 0; // of the elements that were entered and not left
  const show = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    byId("drop").hidden = depth === 0;
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => hasFiles(event) && show(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      show(0);
      add([...event.dataTransfer.files]);
    }
  });
}

async function add(files) {
  for (const file of files) {
    try {
      pictures = [...pictures, await read(file)];
    } catch (error) {
      const why = error instanceof TooLarge ? texts().tooLarge : texts().notPicture;
      say(why(file.name), true);
    }
  }
  drawTray();
  byId("question").focus();
}

function clear() {
  byId("question").value = "";
  pictures = [];
  setFind(false);
  drawTray();
}

/** A question that was not sent is there again, before what was written since. */
function giveBack(question) {
  const field = byId("question");
  field.value = [question.text, field.value].filter((text) => text !== "").join("\n");
  pictures = [...question.pictures, ...pictures];
  setFind(question.find);
  drawTray();
}

function setFind(on) {
  isFind = on;
  byId("find").setAttribute("aria-pressed", String(on));
  byId("question").dataset.hint = on ? "findQuestionHint" : "questionHint";
  byId("question").placeholder = texts()[byId("question").dataset.hint];
  changed();
}

/** Draws what depends on the language and on the settings. */
export function drawTray() {
  const own = texts();
  byId("tray").hidden = pictures.length === 0;
  byId("tray").replaceChildren(
    ...pictures.map((picture) => {
      const remove = () => {
        pictures = pictures.filter((other) => other !== picture);
        drawTray();
        byId("question").focus();
      };
      return make(
        "li",
        {},
        make("img", { src: address(picture), alt: picture.name }),
        make("span", { className: "tiles", textContent: own.tiles(tilesOf(picture)) }),
        iconButton("close", own.remove(picture.name), remove, "icon remove"),
      );
    }),
  );
  changed();
}

function tilesOf(picture) {
  return tileCount(picture.width, picture.height, settings().maxTiles);
}

/** The pictures that wait to be sent. */
export function waiting() {
  return pictures;
}

/** Writes a question for the user to go on with. */
export function suggest(text) {
  byId("question").value = text;
  changed();
  byId("question").focus();
}

/** What is being written shows its size: as high as its text, and what it costs. */
function changed() {
  const field = byId("question");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 220)}px`;
  byId("send").disabled = field.value.trim() === "";
  clearTimeout(counting);
  const tiles = pictures.reduce((sum, picture) => sum + tilesOf(picture), 0);
  const parts = tiles > 0 ? [texts().tiles(tiles)] : [];
  if (field.value.trim() === "") {
    byId("cost").textContent = parts.join(" · ");
    return;
  }
  counting = setTimeout(async () => {
    try {
      const tokens = await countTokens(field.value);
      byId("cost").textContent = [...parts, texts().tokens(count(tokens))].join(" · ");
    } catch {
      byId("cost").textContent = parts.join(" · "); // whoever asks will hear why
    }
  }, PAUSE);
}

/** Shows whether an answer is coming. */
export function setBusy(isBusy) {
  byId("send").hidden = isBusy;
  byId("stop").hidden = !isBusy;
}
