/** Proof of work, where an agent asks for one before the first message: a number that makes the challenge's hash small. */
import type { Api } from "./api";

const AT_ONCE = 2_000; // hashes, some milliseconds: then the page has its turn

/** The challenge with its number. */
export async function prove(api: Api, agentId: string): Promise<string> {
  const said = await api.json("GET", `challenge/${encodeURIComponent(agentId)}`);
  const challenge = String(said["challenge"]);
  const bits = Number(said["bits"]);
  for (let number = 0; ; number += AT_ONCE) {
    for (let one = number; one < number + AT_ONCE; one++) {
      if (firstWord(`${challenge}.${one}`) >>> (32 - bits) === 0) return `${challenge}.${one}`;
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** The first 32 bits of SHA-256 (FIPS 180-4) of an ASCII text. `crypto.subtle` waits for a promise at each hash. */
function firstWord(text: string): number {
  const length = text.length;
  const words = new Int32Array((((length + 8) >> 6) + 1) << 4);
  for (let i = 0; i < length; i++) words[i >> 2]! |= text.charCodeAt(i) << (24 - (i & 3) * 8);
  words[length >> 2]! |= 0x80 << (24 - (length & 3) * 8);
  words[words.length - 1] = length * 8;
  const hash = Int32Array.from(START);
  const w = new Int32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      if (i < 16) w[i] = words[block + i]!;
      else {
        const x = w[i - 15]!;
        const y = w[i - 2]!;
        w[i] = w[i - 16]! + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7]! + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      }
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((one, i) => (hash[i] = (hash[i]! + one) | 0));
  }
  return hash[0]!;
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** The first 32 bits of the fractional parts of roots of the first primes (§ 4.2.2, § 5.3.3). */
function roots(count: number, power: number): number[] {
  const found: number[] = [];
  for (let prime = 2; found.length < count; prime++) {
    let isPrime = true;
    for (let by = 2; by * by <= prime; by++) isPrime &&= prime % by !== 0;
    if (isPrime) found.push(((prime ** power % 1) * 2 ** 32) | 0);
  }
  return found;
}

const START = roots(8, 1 / 2);
const K = roots(64, 1 / 3);
