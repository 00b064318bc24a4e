import { ALNUM, CLASS, DIGIT } from './bytes.js';
import { WordTable } from './words.js';

/**
 * What a name says about values that have little form of their own: passports, licences, names of people. The common evidence
 * (evidence.ts) has one bit for all of them; only where it is set are the words read again here, so clean text pays nothing for them.
 */
export const L_PASSPORT = 1 << 0;
export const L_DRIVER = 1 << 1;
export const L_IMEI = 1 << 2;
export const L_VIN = 1 << 3;
export const L_GPS = 1 << 4;
export const L_WALLET = 1 << 5;
export const L_NPI = 1 << 6;
export const L_MBI = 1 << 7;
export const L_NHS = 1 << 8;
export const L_MEDICAL = 1 << 9;
export const L_BIC = 1 << 10;
export const L_CVV = 1 << 11;
export const L_EXPIRY = 1 << 12;
export const L_PERSON = 1 << 13;
export const L_ADDRESS = 1 << 14;
export const L_LATITUDE = 1 << 15;
export const L_LONGITUDE = 1 << 16;

/** Parts that only mean something together. */
const NAME = 1 << 17;
const OF_PERSON = 1 << 18;
const LICENCE = 1 << 19;
const DRIVING = 1 << 20;
const NUMBER = 1 << 21;
const PATIENT = 1 << 22;
const HEALTH = 1 << 23;
const SECURITY = 1 << 24;
const CARD = 1 << 25;
const EXPIRES = 1 << 26;
const PLACE = 1 << 27;
const NO_PLACE = 1 << 28;
const RATE = 1 << 29;
const DL = 1 << 30;
const OF_THING = 1 << 31;

const WORDS: [number, string][] = [];
const add = (bits: number, words: string): void => {
  WORDS.push([bits, words]);
};
add(
  L_PASSPORT,
  'passport reisepass passeport pasaporte passaporte passportno passportnumber passportid reisepassnummer passnummer passnr paspoort paspoortnummer paszport paszportu',
);
add(
  L_DRIVER,
  'driverslicense driverlicense driverslicence drivinglicence drivinglicense fuehrerschein fuhrerschein hrerschein fuehrerscheinnummer hrerscheinnummer rijbewijs rijbewijsnummer korkort rkort forerkort rerkort ajokortti licencenumber dln',
);
add(DRIVING, 'driver drivers driving permis conducir guida jazdy');
add(LICENCE, 'license licence licencia permit conduire conducir lic patente prawo prawa');
add(DL, 'dl');
add(L_IMEI, 'imei imeisv imeis');
add(L_VIN, 'vin vins chassis fin vehicleidentificationnumber');
add(L_GPS, 'gps coordinates coordinate coords geolocation latlng latlon latlong geo geopoint position');
add(L_LATITUDE, 'lat latitude');
add(L_LONGITUDE, 'lon lng long longitude');
add(RATE, 'ratio percent pct score weight rate ms sec seconds bits loss norm');
add(L_WALLET, 'wallet eth ethereum ether erc20 wei bitcoin btc litecoin tron crypto');
add(L_NPI, 'npi npis');
add(L_MBI, 'mbi medicare');
add(L_NHS, 'nhs');
add(L_MEDICAL, 'mrn mrns hicn memberid subscriberid patientid');
add(PATIENT, 'patient member subscriber beneficiary record policy');
add(HEALTH, 'health medical insurance medicaid medicare patient hospital krankenversicherung');
add(NUMBER, 'number no nr num id nummer numero code');
add(L_BIC, 'bic biccode swift swiftcode swiftbic bicswift');
add(L_CVV, 'cvv cvv2 cvc cvc2 csc cvn cardcvv cardcvc securitycode cvvcode');
add(SECURITY, 'security verification');
add(CARD, 'card cc creditcard');
add(EXPIRES, 'exp expiry expires expiration expirydate expirationdate expdate valid');
add(NAME, 'name names');
add(
  OF_PERSON,
  'first last full given family middle maiden customer patient employee contact cardholder holder recipient passenger guest beneficiary applicant insured student spouse mother father billing shipping legal',
);
add(
  OF_THING,
  'service server app application product project class file host path table column package module method function event resource group role type brand model key field param domain repo repository branch image cluster node pod plan team item category',
);
add(
  L_PERSON,
  'firstname lastname fullname givenname familyname middlename maidenname surname forename cardholder accountholder vorname nachname prenom apellido apellidos customername patientname',
);
add(
  PLACE,
  'address street addr streetaddress postaladdress homeaddress billingaddress shippingaddress addressline addressline1 address1 address2',
);
add(
  NO_PLACE,
  'ip ipv4 ipv6 mac email mail wallet memory host network server url web bind listen remote contract bitcoin crypto local peer source destination node token',
);

const TABLE = new WordTable(WORDS, 1024);

/** The labels that the words of buf[start, end) give together. */
export function labelsOf(buf: Uint8Array, start: number, end: number): number {
  return combine(TABLE.bitsOf(buf, start, end));
}

/** As labelsOf, for a name given as a string; longer than 128 characters counts its end. */
export function labelsOfText(text: string): number {
  const bytes = Buffer.from(text.slice(-128), 'latin1');
  return labelsOf(bytes, 0, bytes.length);
}

function combine(bits: number): number {
  const all = (mask: number): boolean => (bits & mask) === mask;
  if (all(NAME | OF_PERSON) && (bits & OF_THING) === 0) bits |= L_PERSON;
  if (all(LICENCE | DRIVING) || all(DL | NUMBER)) bits |= L_DRIVER;
  if ((all(PATIENT | NUMBER) && (bits & HEALTH) !== 0) || all(HEALTH | NUMBER)) bits |= L_MEDICAL;
  if (all(SECURITY | CARD) && (bits & NUMBER) !== 0) bits |= L_CVV;
  if (all(CARD | EXPIRES)) bits |= L_EXPIRY;
  if ((bits & PLACE) !== 0 && (bits & NO_PLACE) === 0) bits |= L_ADDRESS;
  if ((bits & RATE) !== 0) bits &= ~(L_LATITUDE | L_LONGITUDE);
  return bits & (NAME - 1);
}

/** How far back a label is looked for, bytes */
export const LABEL_REACH = 48;

/** Labels of the words before `at`, nearer than any other number or the end of the list item or object before. */
export function labelsBefore(buf: Uint8Array, at: number, lo: number): number {
  return labelsOf(buf, labelStart(buf, at, lo), at);
}

/** Where the words begin that labelsBefore reads. */
export function labelStart(buf: Uint8Array, at: number, lo: number): number {
  const floor = Math.max(lo, at - LABEL_REACH);
  let k = at - 1;
  for (; k >= floor; k--) {
    const b = buf[k]!;
    if (b === 0x2c || b === 0x3b || b === 0x7b || b === 0x7d || b === 0x5d || b === 0) break;
    if ((CLASS[b]! & DIGIT) !== 0 && k > floor && (CLASS[buf[k - 1]!]! & DIGIT) !== 0) break;
  }
  return k + 1;
}

/** how many bytes of a key are read */
const KEY_MAX = 40;
/** the last three letters of keys that are labels without a number to anchor on; five bits a letter */
export const KEY_ENDINGS = new Uint8Array(1 << 15);
for (const ending of 'ame eet ess ss1 ss2 ne1 ne2 ddr cvv cvc vv2 vc2 csc cvn ode bic ift exp iry ate ion der rno nom dos ido'.split(' '))
  KEY_ENDINGS[endingOf(ending.charCodeAt(0), ending.charCodeAt(1), ending.charCodeAt(2))] = 1;

function endingOf(a: number, b: number, c: number): number {
  return ((a & 31) << 10) | ((b & 31) << 5) | (c & 31);
}

/** where the key read last begins */
export let keyStart = -1;

/** Labels of the key before the sign at `op` (`:` or `=`), quoted or not; 0 for nearly all keys, after three bytes of them. */
export function labelsOfKey(buf: Uint8Array, op: number, lo: number): number {
  keyStart = -1;
  let end = op;
  if (end > lo && buf[end - 1] === 0x20) end--;
  if (end > lo && (buf[end - 1] === 0x22 || buf[end - 1] === 0x27)) end--;
  // JSON within a string of JSON
  if (end > lo && buf[end - 1] === 0x5c) end--;
  if (end - 3 < lo || KEY_ENDINGS[endingOf(buf[end - 3]!, buf[end - 2]!, buf[end - 1]!)] === 0) return 0;
  let start = end;
  const floor = Math.max(lo, end - KEY_MAX);
  while (start > floor && ((CLASS[buf[start - 1]!]! & ALNUM) !== 0 || isKeySign(buf[start - 1]!))) start--;
  keyStart = start;
  // `name` alone: what has one is most often no person
  if (end - start === 4 && (buf[start]! | 0x20) === 0x6e) return 0;
  return labelsOf(buf, start, end) & KEY_LABELS;
}

function isKeySign(b: number): boolean {
  return b === 0x5f || b === 0x2d || b === 0x2e || b === 0x20 || b === 0x2f;
}

/** What is looked for behind a key; the rest has digits enough to be anchored on them. */
const KEY_LABELS = L_BIC | L_CVV | L_EXPIRY | L_PERSON | L_ADDRESS;

/** What is looked for behind words before digits. */
export const NUMBER_LABELS = ~(L_CVV | L_EXPIRY | L_PERSON | L_ADDRESS);
