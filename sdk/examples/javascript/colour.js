// A colour as `{ red, green, blue }`, each 0 to 255, and the ways it is written.
import { Failure } from "steward";

const NAMES = {
  black: "#000000", white: "#ffffff", red: "#ff0000", green: "#008000", blue: "#0000ff", yellow: "#ffff00",
  orange: "#ffa500", purple: "#800080", teal: "#008080", navy: "#000080", grey: "#808080", pink: "#ffc0cb",
};

/** Reads `#fa0`, `#ffaa00`, `rgb(255, 170, 0)`, `hsl(40, 100%, 50%)` or a name. */
export function parse(text) {
  const plain = text.trim().toLowerCase();
  const written = NAMES[plain] ?? plain;
  const hex = /^#?(?:([0-9a-f])([0-9a-f])([0-9a-f])|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))$/.exec(written);
  const doubled = (digits) => parseInt(digits.length === 1 ? digits + digits : digits, 16);
  if (hex) return colour(hex.slice(1).filter(Boolean).map(doubled));
  const call = /^(rgb|hsl)\(\s*(\d+)(?:deg)?\s*,?\s*(\d+)(%?)\s*,?\s*(\d+)(%?)\s*\)$/.exec(written);
  if (call?.[1] === "rgb") return bounded([call[2], call[3], call[5]].map(Number), [255, 255, 255], text);
  if (call?.[1] === "hsl") return fromHsl([call[2], call[3], call[5]].map(Number), text);
  const names = Object.keys(NAMES).join(", ");
  throw Failure.invalid(
    `\`${text}\` is no colour: write #ffaa00, rgb(255, 170, 0), hsl(40, 100%, 50%) or one of ${names}`,
  );
}

const colour = ([red, green, blue]) => ({ red, green, blue });

function bounded(parts, most, text) {
  if (parts.some((part, at) => part > most[at])) throw Failure.invalid(`\`${text}\`: at most ${most.join(", ")}`);
  return colour(parts);
}

function fromHsl([hue, saturation, lightness], text) {
  bounded([hue, saturation, lightness], [360, 100, 100], text);
  const [s, l] = [saturation / 100, lightness / 100];
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return colour([part(0), part(8), part(4)]);
}

export function hex({ red, green, blue }) {
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export const rgb = ({ red, green, blue }) => `rgb(${red}, ${green}, ${blue})`;

export function hsl({ red, green, blue }) {
  const [r, g, b] = [red / 255, green / 255, blue / 255];
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  const [range, sum] = [most - least, most + least];
  if (range === 0) return `hsl(0, 0%, ${Math.round(sum * 50)}%)`;
  const sixths = { [b]: (r - g) / range + 4, [g]: (b - r) / range + 2, [r]: ((g - b) / range + 6) % 6 };
  const [turn, saturation] = [sixths[most], range / (1 - Math.abs(sum - 1))];
  return `hsl(${Math.round(turn * 60)}, ${Math.round(saturation * 100)}%, ${Math.round(sum * 50)}%)`;
}

/** How far apart two colours are for reading, 1 to 21, as the WCAG define it. */
export function contrast(one, other) {
  const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance({ red, green, blue }) {
  const linear = (part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
