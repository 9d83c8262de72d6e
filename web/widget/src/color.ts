/** Colours that can be read: WCAG 2.2 relative luminance and contrast. */
type Rgb = [number, number, number];

export function isHex(value: unknown): value is string {
  return typeof value === "string" && /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value);
}

function rgb(hex: string): Rgb {
  const digits = hex.length === 4 ? hex.slice(1).replace(/./g, "$&$&") : hex.slice(1);
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as Rgb;
}

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** White or black: one of them always has a contrast of 4.5. */
export function textOn(hex: string): string {
  return contrast(rgb(hex), [255, 255, 255]) >= 4.5 ? "#fff" : "#000";
}

/** The colour itself where it can be read on all these backgrounds, else the nearest shade that can. */
export function readableOn(hex: string, backgrounds: string[]): string {
  const color = rgb(hex);
  const grounds = backgrounds.map(rgb);
  const goal = luminance(grounds[0] as Rgb) > 0.5 ? 0 : 255;
  for (let step = 0; step <= 20; step++) {
    const mixed = color.map((one) => Math.round(one + ((goal - one) * step) / 20)) as Rgb;
    if (grounds.every((ground) => contrast(mixed, ground) >= 4.6)) return `rgb(${mixed.join(",")})`;
  }
  return goal ? "#fff" : "#000";
}
