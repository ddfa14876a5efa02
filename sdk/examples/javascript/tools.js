// Colours, written in other ways, compared, and kept in a palette.
import { defineTools, Failure, kv } from "steward";

import { contrast, hex, hsl, parse, rgb } from "./colour.js";

const COLOUR = {
  type: "string",
  maxLength: 64,
  description: "#ffaa00, rgb(255, 170, 0), hsl(40, 100%, 50%) or a name",
};
const NAME = { type: "string", pattern: "^[\\p{L}\\p{N} _-]{1,40}$", description: "What to call it: `door`." };

/** What a contrast is good for, from the least ratio on. */
const LEVELS = [
  [7, "AAA: good for every text"],
  [4.5, "AA: good for most texts"],
  [3, "only for large text"],
  [0, "hard to read"],
];

function palette() {
  return kv.keys("colour/").map((key) => ({ name: key.slice("colour/".length), hex: kv.get(key) }));
}

/** One square for each colour. */
function picture(colours) {
  const square = ({ name, hex }, at) =>
    `<rect x="${at * 60}" width="60" height="60" fill="${hex}"><title>${name}</title></rect>`;
  const size = `width="${colours.length * 60}" height="60"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${colours.map(square).join("")}</svg>\n`;
}

export const tool = defineTools({
  convert_colour: {
    description: "Writes a colour as hexadecimal, RGB and HSL.",
    input: { properties: { colour: COLOUR }, required: ["colour"] },
    run({ colour }) {
      const read = parse(colour);
      const structured = { hex: hex(read), rgb: rgb(read), hsl: hsl(read) };
      return { text: Object.values(structured).join(" = "), structured };
    },
  },
  contrast: {
    description: "Tells whether a text in one colour can be read on another, by the WCAG's contrast.",
    input: { properties: { text: COLOUR, background: COLOUR }, required: ["text", "background"] },
    run({ text, background }) {
      const ratio = contrast(parse(text), parse(background));
      return `${ratio.toFixed(2)} to 1, ${LEVELS.find(([least]) => ratio >= least)[1]}`;
    },
  },
  keep_colour: {
    description: "Keeps a colour in the person's palette under a name, in the place of one that had the name before.",
    input: { properties: { name: NAME, colour: COLOUR }, required: ["name", "colour"] },
    effect: "write",
    requires: ["kv"],
    run({ name, colour }) {
      kv.set(`colour/${name}`, hex(parse(colour)));
      return `${name} is ${kv.get(`colour/${name}`)}.`;
    },
  },
  show_palette: {
    description: "Lists the colours the person has kept, and hands out a picture of them.",
    requires: ["kv"],
    run() {
      const colours = palette();
      if (colours.length === 0) throw Failure.notFound("no colour has been kept yet: keep one with keep_colour");
      const text = colours.map(({ name, hex }) => `${name}: ${hex}`).join("\n");
      const attachments = [{ name: "palette.svg", mime: "image/svg+xml", data: picture(colours) }];
      return { text, structured: colours, attachments };
    },
  },
  suggest_colour: {
    description: "Makes up a colour at random, of a given lightness.",
    input: { properties: { lightness: { type: "integer", minimum: 0, maximum: 100, default: 50 } } },
    run({ lightness }) {
      const [hue, saturation] = [Math.floor(Math.random() * 360), 40 + Math.floor(Math.random() * 61)];
      return hex(parse(`hsl(${hue}, ${saturation}%, ${lightness}%)`));
    },
  },
});
