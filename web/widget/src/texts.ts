import ar from "../messages/ar.json";
import de from "../messages/de.json";
import en from "../messages/en.json";
import es from "../messages/es.json";

type Key = keyof typeof en;
export type Plural = { [K in Key]: (typeof en)[K] extends string ? never : K }[Key];
export type Text = Exclude<Key, Plural>;

const LANGUAGES = { ar, de, en, es };
type Language = keyof typeof LANGUAGES;

export class Texts {
  readonly language: Language;
  readonly direction: "rtl" | "ltr";
  private readonly plurals: Intl.PluralRules;

  /** The first of the wishes that there is. */
  constructor(wishes: unknown[]) {
    const codes = wishes.map((one) => (typeof one === "string" ? one.toLowerCase().split(/[-_]/)[0] : ""));
    this.language = (codes.find((one) => one && Object.keys(LANGUAGES).includes(one)) ?? "en") as Language;
    this.direction = this.language === "ar" ? "rtl" : "ltr";
    this.plurals = new Intl.PluralRules(this.language);
  }

  get(key: Text, values: Record<string, string> = {}): string {
    return filled(LANGUAGES[this.language][key], values);
  }

  count(key: Plural, n: number): string {
    const forms: Record<string, string> = LANGUAGES[this.language][key];
    return filled(forms[this.plurals.select(n)] ?? forms["other"] ?? "", { n: String(n) });
  }
}

function filled(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
}
