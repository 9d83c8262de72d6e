// Builds web/built/widget.js: one file, its banner with the hash of what it was built from.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "built", "widget.js");
const MAX_GZIPPED = 30 * 1024;

function filesBelow(folder) {
  return readdirSync(join(HERE, folder), { withFileTypes: true, recursive: true })
    .filter((one) => one.isFile())
    .map((one) => relative(HERE, join(one.parentPath ?? one.path, one.name)).split("\\").join("/"));
}

/** SHA-256 over path, NUL, content, NUL of every source, sorted by path. */
function hashOfSources() {
  const hash = createHash("sha256");
  for (const path of [...filesBelow("src"), ...filesBelow("messages")].sort()) {
    hash.update(path).update("\0").update(readFileSync(join(HERE, path))).update("\0");
  }
  return hash.digest("hex");
}

/** Every language has every text of the English one, and every form that its plurals have. */
function checkMessages() {
  const read = (path) => JSON.parse(readFileSync(join(HERE, path), "utf8"));
  const english = read("messages/en.json");
  const wrong = [];
  for (const path of filesBelow("messages")) {
    const language = path.slice("messages/".length, -".json".length);
    const texts = read(path);
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, value] of Object.entries(english)) {
      const mine = texts[key];
      if (typeof value === "string" ? typeof mine !== "string" || !mine : typeof mine !== "object") wrong.push(`${path}: ${key}`);
      else if (typeof value === "object") wrong.push(...forms.filter((one) => !mine[one]).map((one) => `${path}: ${key}.${one}`));
    }
    wrong.push(...Object.keys(texts).filter((key) => !(key in english)).map((key) => `${path}: ${key} is not in English`));
  }
  if (wrong.length) throw new Error(`texts that are missing or too many:\n${wrong.join("\n")}`);
}

const minifiedCss = {
  name: "css",
  setup(plugin) {
    plugin.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true, target: "es2020" });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

checkMessages();
await build({
  absWorkingDir: HERE,
  entryPoints: ["src/index.ts"],
  outfile: OUT,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "ascii", // whatever encoding a page or server claims
  legalComments: "none",
  banner: { js: `/*! Insydr chat widget. Built from web/widget by "make widget"; sources sha256:${hashOfSources()} */` },
  plugins: [minifiedCss],
});
const size = gzipSync(readFileSync(OUT), { level: 9 }).length;
writeFileSync(1, `widget.js: ${readFileSync(OUT).length} bytes, ${size} gzipped\n`);
if (size > MAX_GZIPPED) throw new Error(`more than ${MAX_GZIPPED} bytes gzipped`);
