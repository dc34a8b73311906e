// Boxes in answers: `<ref>label</ref><box>[[x1, y1, x2, y2], …]</box>` in thousandths of the
// picture. They are read as the library does (Grounding.java), which forgives much; out of the text
// goes only what says nothing but them.

const MARKS = /<\/?(?:ref|box)>/g;
const NUMBER = String.raw`\s*(-?(?:\d+(?:\.\d*)?|\.\d+))\s*`;
const FOUR = String.raw`\[${NUMBER}[,，]${NUMBER}[,，]${NUMBER}[,，]${NUMBER}\]`;
const FOUR_HERE = new RegExp(FOUR, "y");
const FOURS = new RegExp(FOUR, "g");
const WHOLE = /<ref>([^<]*)<\/ref>\s*<box>([^<]*)<\/box>/g;
const BEGUN = /<ref>[^<]*$|<ref>[^<]*<\/ref>\s*(?:<box>[^<]*)?$/; // by an answer that still grows
const MARK_BEGUN = /<\/?(?:r(?:ef?)?|b(?:ox?)?)?$/;
const ENDS = /^[\s,;.:!?，；。：！？、*•-]+|[\s,;.:!?，；。：！？、*•-]+$/g; // of labels without marks
const SPACE = /\s*/y;
const COMMAS = /[\s,，]*/y;
const FULL = 1000;

/** The first place from `at` on that is none of these. */
function skip(text, at, these) {
  these.lastIndex = at;
  these.test(text);
  return these.lastIndex;
}

/**
 * Reads boxes from the bracket at `at` up to the one that closes it, or to what belongs in no list.
 *
 * @returns {number} where that is, behind `at`
 */
function list(text, at, boxes) {
  let depth = 0;
  do {
    FOUR_HERE.lastIndex = at;
    const found = FOUR_HERE.exec(text);
    if (found) {
      boxes.push(box(found.slice(1).map(Number)));
      at = FOUR_HERE.lastIndex;
    } else if (text[at] === "[" || text[at] === "]") {
      depth += text[at] === "[" ? 1 : -1;
      at++;
    } else {
      return at;
    }
    at = depth > 0 ? skip(text, at, COMMAS) : at;
  } while (depth > 0 && at < text.length);
  return at;
}

function box(numbers) {
  const [x1, y1, x2, y2] = numbers.map((n) => Math.min(FULL, Math.max(0, Math.round(n))));
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

/** All boxes of a text, wherever in it their lists are. */
function boxesIn(text) {
  const boxes = [];
  for (let at = text.indexOf("["); at >= 0; at = text.indexOf("[", at)) {
    at = list(text, at, boxes);
  }
  return boxes;
}

function readMarked(answer) {
  const regions = [];
  let label = null; // that the next boxes take
  let isTaken = false; // by the boxes found last
  const add = (boxes) => {
    if (boxes.length > 0 && isTaken) {
      regions.at(-1).boxes.push(...boxes);
    } else if (boxes.length > 0) {
      isTaken = label !== null;
      regions.push({ label: label ?? "", boxes });
    }
  };
  const marks = [...answer.matchAll(MARKS)];
  marks.forEach((mark, i) => {
    const text = answer.slice(mark.index + mark[0].length, marks[i + 1]?.index);
    if (mark[0] === "<ref>") {
      label = text.trim();
      isTaken = false;
    } else if (mark[0] === "</ref>") {
      const at = skip(text, 0, SPACE);
      const boxes = [];
      if (text[at] === "[") {
        list(text, at, boxes);
      }
      add(boxes);
    } else if (mark[0] === "<box>") {
      add(boxesIn(text));
    } else if (isTaken && skip(text, 0, COMMAS) < text.length) {
      label = null;
      isTaken = false;
    }
  });
  return regions;
}

function readPlain(answer) {
  const regions = [];
  let from = 0; // of the label
  for (let at = answer.indexOf("["); at >= 0; at = answer.indexOf("[", at)) {
    const start = at;
    const boxes = [];
    at = answer[skip(answer, at + 1, SPACE)] === "[" ? list(answer, at, boxes) : at + 1;
    if (boxes.length > 0) {
      const line = answer.slice(from, start);
      regions.push({ label: line.slice(line.lastIndexOf("\n") + 1).replace(ENDS, ""), boxes });
      from = at;
    }
  }
  return regions;
}

/** Whether a list is nothing but boxes that lie in the picture. */
function isWellFormed(list) {
  const fours = [...list.matchAll(FOURS)];
  const rest = list.replace(FOURS, "");
  const isInside = fours.every((four) => four.slice(1).every((n) => n >= 0 && n <= FULL));
  return fours.length > 0 && isInside && /^[\s,，[\]]*$/.test(rest);
}

/**
 * Reads an answer.
 *
 * @param where `picture` that the boxes lie on, or null; `isFind`: whether it was asked where
 *   something is, so that a list without marks is a box and no matrix; `isGrowing`
 * @returns {{ text: string, regions: { label: string, boxes: number[][] }[] }} what is to be shown
 *   of its text: all that it says, but the boxes that are drawn; and those
 */
export function parse(answer, { picture, isFind, isGrowing }) {
  if (!picture) {
    return { text: answer, regions: [] };
  }
  const isMarked = answer.search(MARKS) >= 0;
  const regions = isMarked ? readMarked(answer) : isFind ? readPlain(answer) : [];
  let text = answer.replace(WHOLE, (all, label, list) => (isWellFormed(list) ? label : all));
  if (isGrowing) {
    text = text.replace(MARK_BEGUN, "").replace(BEGUN, "");
  }
  return { text, regions };
}

/** Whether a question is one where something is. */
export function isFinding(question) {
  return question.find || /<ref>/.test(question.text);
}

/** The question where something is, in the words of the published evaluations. */
export function question(what) {
  const asking = "Please provide the bounding box coordinate of the region this sentence describes: ";
  return `${asking}<ref>${what.replace(MARKS, "").trim()}</ref>`;
}
