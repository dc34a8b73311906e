// Boxes in answers: `<ref>label</ref><box>[[x1, y1, x2, y2], …]</box>` in thousandths of the
// picture, or, without the marks, `label[[x1, y1, x2, y2]]`.

const FOUR = /\[\s*(-?[\d.]+)\s*[,，]\s*(-?[\d.]+)\s*[,，]\s*(-?[\d.]+)\s*[,，]\s*(-?[\d.]+)\s*\]/g;
const MARKED = /(?:<ref>([^<]*)<\/ref>)?\s*<box>([^<]*)(?:<\/box>|$)|<ref>([^<]*)<\/ref>(\s*\[[[\]\d\s,，.-]*\])?/g;
const PLAIN = /([^\n[\]]*)(\[\s*\[[[\]\d\s,，.-]*\]\s*\])/g;
const BEGUN = /<(?:\/?(?:r(?:ef?)?|b(?:ox?)?)?)?$|\[\s*\[[[\]\d\s,，.-]*$/; // by an answer that still grows

function boxes(list) {
  return [...list.matchAll(FOUR)].map((four) => {
    const [x1, y1, x2, y2] = four.slice(1).map((n) => Math.min(1000, Math.max(0, Math.round(Number(n)))));
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  });
}

/**
 * Reads an answer.
 *
 * @returns {{ text: string, regions: { label: string, boxes: number[][] }[] }} what is to be shown
 *   of its text, and what it found
 */
export function parse(answer) {
  const regions = [];
  const take = (label, list) => {
    const found = boxes(list ?? "");
    if (found.length > 0) {
      regions.push({ label: label.trim(), boxes: found });
    }
    return found.length > 0;
  };
  let text;
  if (/<(?:ref|box)>/.test(answer)) {
    text = answer.replace(MARKED, (all, label, list, bare, tail) => {
      const name = label ?? bare ?? "";
      take(name, list ?? tail);
      return name;
    });
    text = text.replace(/<\/?(?:ref|box)>/g, "");
  } else {
    text = answer.replace(PLAIN, (all, before, list) => {
      const label = before.replace(/^[\s,;.:!?，；。：！？、*•-]+|[\s,;.:!?，；。：！？、*•-]+$/g, "");
      return take(label, list) ? before : all;
    });
  }
  return { text: text.replace(BEGUN, ""), regions };
}

/** The question where something is, in the words of the published evaluations. */
export function question(what) {
  const asking = "Please provide the bounding box coordinate of the region this sentence describes: ";
  return `${asking}<ref>${what.replace(/<\/?(?:ref|box)>/g, "").trim()}</ref>`;
}
