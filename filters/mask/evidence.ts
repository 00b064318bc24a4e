import { ALPHA, CLASS } from './bytes.js';
import { WordTable } from './words.js';
import { WorldTable } from './world-table.js';
import {
  BIRTH_WORDS,
  CARD_WORDS,
  ID_WORDS,
  PASSWORD_WORDS,
  PHONE_WORDS,
  UNSPACED_BIRTH,
  UNSPACED_CARD,
  UNSPACED_ID,
  UNSPACED_PASSWORD,
  UNSPACED_PHONE,
} from './world-words.js';

/**
 * What words say about the value beside them. A column's name, a JSON key and the words before a number in a sentence
 * are all read the same way: split into words, each word gives bits.
 */
export const PASSWORD = 1 << 0;
export const SECRET = 1 << 1;
export const TOKEN = 1 << 2;
export const KEY = 1 << 3;
/** makes a plain `key` a secret one: api, access, signing … */
export const QUALIFIER = 1 << 4;
export const AUTH = 1 << 5;
export const CLOUD = 1 << 6;
export const CARD = 1 << 7;
export const PHONE = 1 << 8;
export const SSN = 1 << 9;
export const TAX = 1 << 10;
export const NATIONAL = 1 << 11;
export const IDENTIFIER = 1 << 12;
/** the word id itself, which numbers of all kinds have */
export const ID = 1 << 31;
export const BIRTH = 1 << 13;
export const BANK = 1 << 14;
/** the value is an order number, a hash, a timestamp, a price … */
export const AGAINST = 1 << 15;
/** names of countries' identifiers that are words of other languages too (`run`, `sin`, `inn`): they count right before the number */
export const NATIONAL_SHORT = 1 << 29;
/** a word that is the name of one country's identifier */
export const NATIONAL_NAME = (1 << 16) | NATIONAL_SHORT;
export const SOCIAL = 1 << 17;
export const SECURITY = 1 << 18;
export const PUBLIC = 1 << 19;
export const VERSION = 1 << 21;
export const RANDOM = 1 << 22;
export const NETWORK = 1 << 23;
export const COUNT_OF = 1 << 24;
export const ITIN = 1 << 25;
/** a word that labels.ts knows more about */
export const LABEL = 1 << 20;
export const SHARED_ACCESS = 1 << 26;
export const COOKIE = 1 << 27;
/** `nextToken`, `page_token`: where a list goes on */
export const PAGING = 1 << 28;
/** a service whose keys have no form of their own: what is random behind its name is a key */
export const VENDOR = 1 << 30;

/** `the password is: x`, `su contraseña es: x`: no names of columns or keys */
const LINK_WORDS = 'is was es est ist lautet jest brzmi este';
const NO_NAMES = new Set(LINK_WORDS.split(' '));

const WORDS: [number, string][] = [
  [
    PASSWORD,
    'password passwords passwd pwd pw pass passphrase passcode passwort senha contrasena userpass dbpass dbpassword pgpassword cpassword mdp keypass storepass userpassword userpwd kennwort passord wachtwoord heslo haslo parola parool parole salasana adgangskode losenord sifre jelszo lozinka slaptazodis motdepasse contrasinal geslo katasandi passe sandi khau matkhau kodeord lykilord psk bindpw rootpw userpw dbpw adminpw keypw storepw srcstorepass deststorepass srckeypass destkeypass passin passout requirepass masterauth becomepass sshpass ansiblepassword',
  ],
  [
    SECRET,
    'secret secrets secreto secreta credential credentials creds zugangsdaten credenciales credenziali clientsecret appsecret secretkey',
  ],
  [
    TOKEN,
    'token tokens accesstoken refreshtoken authtoken apitoken idtoken bearer pat sessiontoken identitytoken registrytoken crumb clave claves',
  ],
  [KEY | QUALIFIER, 'apikey apikeys accesskey privatekey authkey masterkey'],
  [KEY, 'key keys'],
  [
    QUALIFIER,
    'api access private encryption encrypt signing master deploy webhook license licence service app auth client storage admin session cookie rest ingest integration user server developer dev prod partner write consumer rapidapi',
  ],
  [COOKIE, 'cookie cookies setcookie'],
  [
    VENDOR,
    'cloudflare sourcegraph sonar sonarqube sonarcloud datadog twilio sendgrid mailgun mailchimp heroku hubspot algolia auth0 okta newrelic sentry amplitude mixpanel intercom zendesk bitbucket circleci artifactory jfrog linode digitalocean vultr fastly cloudinary snyk codecov contentful airtable plaid adyen braintree coinbase binance infura alchemy openai cohere pinecone launchdarkly rollbar bugsnag pagerduty opsgenie postmark mandrill messagebird nexmo vonage plivo pusher pubnub supabase planetscale netlify vercel honeycomb logdna loggly sumologic papertrail grafana splunk',
  ],
  [
    VENDOR,
    'wandb anypoint datagov kickbox baremetrics bitly coveo diffbot etsy flickr nylas owlbot pastebin pinata purestake sslmate stormglass vastai smartystreets meraki agora beamer deepgram assemblyai mistral clarifai huggingface elevenlabs heygen synthesia serper serpapi serpstack tavily apify scrapingbee scraperapi zenrows brightdata oxylabs browserless clearbit lusha zoominfo fullcontact peopledatalabs abuseipdb virustotal shodan censys greynoise securitytrails urlscan alienvault threatconnect crowdstrike sentinelone qualys openweather openweathermap weatherbit weatherstack accuweather tomorrowio visualcrossing ipinfo ipstack ipgeolocation ipapi ipdata maxmind geocodio opencage positionstack mapquest tomtom maptiler mapbox locationiq graphhopper currencylayer fixer openexchangerates exchangerate alphavantage finnhub iexcloud quandl tiingo twelvedata marketstack newsapi mediastack nytimes spoonacular edamam nutritionix tmdb omdb rawg igdb lastfm musixmatch deezer giphy unsplash pexels pixabay imgur cloudmersive convertapi pdfshift docusign hellosign pandadoc onedrive zoho freshdesk freshservice helpscout gorgias kustomer pipedrive activecampaign convertkit getresponse aweber constantcontact campaignmonitor sparkpost mailjet mailerlite mailersend elasticemail socketlabs sendpulse moosend omnisend klaviyo customerio iterable braze leanplum onesignal pushover pushbullet pushwoosh clickatell clicksend textmagic telnyx ringcentral aircall dialpad sinch infobip bulksms textlocal mattermost rocketchat zulip webex dingtalk feishu asana wrike smartsheet basecamp clickup trello gitea gogs travisci appveyor buildkite codefresh bitrise codemagic appcenter codacy codeclimate coveralls deepsource gitguardian whitesource fossa blackduck victorops squadcast statuspage statuscake uptimerobot pingdom freshping cronitor dynatrace appdynamics instana lightstep logzio graylog raygun airbrake honeybadger trackjs logrocket fullstory hotjar posthog countly kissmetrics rudderstack snowplow fivetran airbyte typesense meilisearch storyblok prismic datocms buttercms webflow squarespace shopify bigcommerce woocommerce mollie klarna razorpay paystack flutterwave payu paytm worldpay authorizenet chargebee recurly chargify fastspring gumroad lemonsqueezy dwolla yodlee finicity truelayer nordigen gocardless revolut kraken bitfinex bitstamp bitmex bybit kucoin huobi gemini coinmarketcap coingecko coinapi cryptocompare etherscan bscscan polygonscan quicknode moralis blockcypher blockchair tatum bitquery taxjar avalara shippo easypost shipstation shipengine aftership sendcloud calendly eventbrite ticketmaster foursquare tripadvisor amadeus skyscanner airvisual aviationstack flightaware opensea thirdweb onelogin fusionauth stytch workos akamai keycdn stackpath imperva hetzner scaleway upcloud ovh flyio appwrite hasura redislabs upstash imgix uploadcare filestack transloadit jotform typeform surveymonkey formstack wufoo freshchat livechat olark zapier ifttt workato docparser rapidapi apilayer apiflash screenshotlayer urlbox anticaptcha hcaptcha wakatime flagsmith configcat optimizely statsig splitio dockerhub lokalise crowdin transifex phraseapp poeditor deepl languagetool wolframalpha adzuna rescuetime toggl clockify everhour freshbooks quickbooks bamboohr delighted qualtrics petfinder marketo pardot eloqua hightouch segmentio twitch vimeo wistia dailymotion jumpcloud tailscale ngrok pulumi infracost rundeck saucelabs browserstack lambdatest applitools percy perplexity groq replicate stabilityai runpod fireworksai deepinfra baseten',
  ],
  // words that link a name to its value in a sentence, as assignment.ts reads them; the bit has the first stage stop at their colon
  [VENDOR, LINK_WORDS],
  [PAGING, 'next page continuation continue pagination change marker sync previous cursor starting'],
  [AUTH, 'auth authentication oauth apiauth'],
  [AUTH | TOKEN, 'authorization'],
  [CLOUD, 'aws amazon azure'],
  [
    CARD,
    'card cards creditcard cardnumber cardno cc ccnum ccn ccnumber visa mastercard amex debit pan maestro discover unionpay karte kreditkarte carte tarjeta',
  ],
  [
    PHONE,
    'phone phones telephone tel mobile cell cellphone fax msisdn phonenumber mobilenumber phoneno mobileno call dial whatsapp sms handy telefon telefono telefone telefax movil celular portable ph homephone workphone reach reached answering ring cellular landline hotline pager gsm tlf rufnummer telefonnummer handynummer mobilnummer telefoonnummer cellulare puhelin phones dialing dialed',
  ],
  [SSN, 'ssn socialsecurity socialsecuritynumber ssns s.s.n.'],
  [ITIN, 'itin'],
  [TAX, 'tax taxpayer tin taxid vat fiscal steuer steuernummer fiscale fiscalcode'],
  [
    NATIONAL,
    'national nationality citizen citizenship identity identification resident residence personal personnel government passport thai foreigner foreign individual sa african emirati saudi turkish polish italian spanish french german dutch belgian swedish finnish norwegian danish swiss austrian portuguese romanian bulgarian croatian serbian slovenian slovak czech hungarian greek irish british estonian latvian lithuanian ukrainian russian israeli indian pakistani chinese korean japanese singapore malaysian indonesian philippine vietnamese brazilian argentine chilean colombian peruvian mexican ecuadorian uruguayan venezuelan egyptian moroccan kenyan nigerian kuwaiti icelandic australian canadian moldovan albanian maltese cypriot luxembourgish georgian armenian kazakh inland sv personalni personale osobny osobni osobiste',
  ],
  [
    IDENTIFIER,
    'number no nr num nummer numero code card cislo cod codigo codice kod numer broj nommer ic nomor nombor stevilka szam numeris numurs numrs sayisi identifier',
  ],
  [ID, 'id ids'],
  [BIRTH, 'dob birth birthday birthdate dateofbirth born bday birthdt'],
  // the first stage stops at a number behind a label, and has letters of its own for the English words alone
  [
    BIRTH | LABEL,
    'geburtsdatum geburtstag geboren gebdatum naissance nacimiento nacido nacida nascimento nascido nascida nascita geboortedatum geboorte nee fodd fodselsdato fodselsdag dselsdato dselsdag fodelsedatum fodelsedag syntymaaika syntynyt urodzenia urodzony urodzona narozeni narozen narozena narodenia dogum rojstva rodenja rodjenja szuletesi szuletett gimimo dzimsanas sunniaeg nasterii',
  ],
  [BANK, 'iban bank bankaccount'],
  [
    AGAINST,
    'order orders invoice uuid guid sha sha1 sha256 sha512 md5 hash checksum etag commit rev revision build sku isbn ean upc gtin barcode tracking timestamp time date created updated modified deleted expires expiry expiration ts epoch lat latitude lon lng long longitude price amount total cost qty quantity size bytes count offset index seq sequence trace span request serial ticket transaction txn reference ref digest nonce duration elapsed length width height score ratio percent batch',
  ],
  [
    COUNT_OF,
    'count type types length policy expires expiry expiration updated created changed reset min max limit ttl name names id ids url uri path file hint field label placeholder strength enabled required valid validity age at',
  ],
  [
    1 << 16,
    'nino bsn cpf cnpj nif nie dni nir insee pesel personnummer aadhaar aadhar curp tckn tckimlik egn cnp rut oib jmbg emso tfn abn nric hkid mynumber codicefiscale steuerid ahv avs amka svnr rrn idnr hetu cpr fodselsnummer kennitala regon cuit cedula rnokpp utr ppsn pps afm nrn rijksregisternummer insz cnic npwp nisn snils ruc uen cui edb vnr idno hkic isikukood asmens embg cuil kimlik cccd ktp nationalid nationalidnumber citizenid identitynumber idnumber taxnumber taxpayerid taxidnumber socialinsurance rodnecislo henkilotunnus tckno nrt nipt sozialversicherungsnummer voen niss unp steueridentifikationsnummer identifikationsnummer burgerservicenummer onderwijsnummer teudat zehut peid ubn rntrc cif partita matricule kodas kods dula cidad rodn rodne dselsnummer tunnus henkil mykad burgerservice identidad siret cvr gstin organisationsnummer organisasjonsnummer abgabenkontonummer umsatzsteuer umsatzsteuernummer ustid ustidnr steuernr stnr kmkr vkn brn pajak orgnr orgnummer ogrn ogrnip okpo edrpou uscc ninea maticna maticni obcana momsregistreringsnummer ondernemingsnummer identifikacijski identifikacioni identifikacny identyfikacji identyfikacyjny podatkowej podatkowy contribuyentes contribuyente contribuinte identiteitskaartnummer personalausweis personalausweisnummer personalausweisnr ausweisnummer rentenversicherungsnummer versicherungsnummer rijksregister vatin vatid vatnumber vatno vatnr vatreg acn pnf cpj rut rutnumber dnie rfcnumber idcard nationalidentitynumber identitycard identitynum nationalinsurance nationalinsurancenumber socialsecurityid personnumber personalcode personalnumber personalidentitycode henkilotunnuskortti idnummer idnumero idnumer citizenno citizennumber residentid residentnumber taxcode taxno taxnr taxidno taxidentificationnumber fiscalnumber fiscalid idfiscal sofinummer uidai secu idnp nuis tributario tributaria uimhir identiteitsnommer induk fnr persnr d.n.i. n.i.e. n.i.f. c.i.f. c.u.i.t. c.u.i.l. r.u.t. r.u.n. r.f.c. n.i.t. r.i.f. c.i. c.f. c.p.f. r.c. a.k. t.c. b.s.n. n.i.r. n.i.s.s. a.h.v. a.v.s. s.v. steuernummer adoszam adoazonosito nipc identidade cidadao bisnummer bisnumber iin thue davcna vtal',
  ],
  [
    NATIONAL_SHORT,
    'rfc run sin inn nip nit nik rif ird mst fin emirates tin ein pib ice kra corporate registration carnet siren vat tva btw iva mwst moms mva vsk ddv dph pvm pvn pdv kdv dic rc ik pin nss ntn nuit pnr kad',
  ],
  [SOCIAL, 'social sociale'],
  [SECURITY, 'security insurance assurance curit seguridad seguranca'],
  [
    PUBLIC,
    'public publishable primary foreign fingerprint thumbprint sort partition cache idempotency row column map hot short turkey monkey',
  ],
  [VERSION, 'version ver release firmware build'],
  [RANDOM, 'signature sig salt seed entropy sas hmac'],
  [NETWORK, 'ip ipv4 ipv6 host hostname addr address mac'],
  [
    LABEL,
    'reisepassnummer passnummer passnr paspoort paspoortnummer paszport paszportu fuhrerschein hrerschein fuehrerscheinnummer hrerscheinnummer rijbewijs rijbewijsnummer korkort rkort forerkort rerkort ajokortti patente jazdy passport passports reisepass passeport pasaporte passaporte passportno passportnumber passportid driverslicense driverlicense driverslicence drivinglicence drivinglicense fuehrerschein licencenumber dln driver drivers driving permis conducir dl imei imeisv imeis vin vins chassis fin vehicleidentificationnumber gps coordinates coordinate coords geolocation latlng latlon latlong geo geopoint position lat latitude lon lng long longitude wallet eth ethereum ether erc20 bitcoin btc npi npis mbi medicare nhs mrn mrns hicn memberid subscriberid patientid patient health medical insurance medicaid bic biccode swiftcode swiftbic bicswift swift',
  ],
  [SHARED_ACCESS, 'sharedaccesskey accountkey sharedkey shared account'],
];

/** words that can make a name secret, alone or with others */
export const NAMING = PASSWORD | SECRET | TOKEN | KEY | AUTH | RANDOM | VENDOR;

/** The first stage has the same (anchors.ts). */
export const SUFFIXES: readonly (readonly [word: string, bits: number])[] = [
  ['password', PASSWORD],
  ['passwd', PASSWORD],
  ['secret', SECRET],
  ['token', TOKEN],
  ['apikey', KEY | QUALIFIER],
];

export const EVIDENCE_WORDS = new WordTable(
  WORDS,
  4096,
  NAMING,
  SUFFIXES.map(([word, bits]) => [Uint8Array.from(word, (c) => c.charCodeAt(0)), bits]),
);

export const WORLD_WORDS = new WorldTable(
  [
    [PHONE, PHONE_WORDS],
    [1 << 16, ID_WORDS],
    [CARD, CARD_WORDS],
    [BIRTH | LABEL, BIRTH_WORDS],
    [PASSWORD, PASSWORD_WORDS],
  ],
  [
    [PHONE, UNSPACED_PHONE],
    [1 << 16, UNSPACED_ID],
    [CARD, UNSPACED_CARD],
    [BIRTH | LABEL, UNSPACED_BIRTH],
    [PASSWORD, UNSPACED_PASSWORD],
  ],
  EVIDENCE_WORDS,
);

/** The bits of all words in buf[start, end), as WordTable cuts it into words; words beyond ASCII and those words without their accents (`DIČ`, `téléphone`), as WorldTable does. */
export function evidenceOf(buf: Uint8Array, start: number, end: number): number {
  const bits = EVIDENCE_WORDS.bitsOf(buf, start, end);
  const { highest } = EVIDENCE_WORDS;
  return combine(highest > 0x7f ? bits | WORLD_WORDS.bitsOf(buf, start, end, highest) : bits);
}

/** Words that only mean something together: social + security, tax + id, national + number. */
function combine(bits: number): number {
  if ((bits & SOCIAL) !== 0 && (bits & SECURITY) !== 0) bits |= SSN;
  if ((bits & (TAX | NATIONAL)) !== 0 && (bits & (IDENTIFIER | ID)) !== 0) bits |= NATIONAL_NAME;
  // `ID number`, `birth number`
  if ((bits & IDENTIFIER) !== 0 && (bits & (ID | BIRTH)) !== 0) bits |= NATIONAL_SHORT;
  return bits;
}

const scratch = new Uint8Array(128);

/** As evidenceOf, for a name given as a string; longer than 128 characters counts its end. */
export function evidenceOfName(name: string): number {
  if (NO_NAMES.has(name.toLowerCase())) return 0;
  const from = Math.max(0, name.length - scratch.length);
  const length = name.length - from;
  for (let k = 0; k < length; k++) {
    const code = name.charCodeAt(from + k);
    if (code > 0x7f) {
      const bytes = Buffer.from(name.slice(from), 'utf8');
      return evidenceOf(bytes, 0, bytes.length);
    }
    scratch[k] = code;
  }
  return evidenceOf(scratch, 0, length);
}

/** How far back words are looked for, in bytes. */
export const LOOKBACK_MAX = 48;

/**
 * The bits of the words before `at`, not before `lo`. Stops at a line's end, at a control byte, at a masked value's bracket,
 * and at the quote that opens a value unless the key of that value follows (so the key counts and the neighbour's value does not).
 */
export function evidenceBefore(buf: Uint8Array, at: number, lo: number): number {
  return evidenceOf(buf, evidenceStart(buf, at, lo), at);
}

const STOP = 1;
/** what ends the words before a value: STOP at once, 2 as evidenceBefore says (a line's end, a quote) */
const STOPS = Uint8Array.from({ length: 256 }, (_, b) => {
  if (b === 0x0a || b === 0x22) return 2;
  return (b < 0x20 && b !== 9 && b !== 13) || b === 0x5d || b === 0x7b || b === 0x7d || b === 0x3b ? STOP : 0;
});

/** Where the words begin that evidenceBefore reads. */
export function evidenceStart(buf: Uint8Array, at: number, lo: number): number {
  const floor = Math.max(lo, at - LOOKBACK_MAX);
  let k = at - 1;
  let quotes = 0;
  for (; k >= floor; k--) {
    const b = buf[k]!;
    const stop = STOPS[b]!;
    if (stop === 0) continue;
    if (stop === STOP) break;
    if (b === 0x0a) {
      if (k + 1 < at && buf[k - 1] === 0x0a) break;
    } else if (++quotes === 3 + (quotesTouch(buf, at) ? 0 : -1)) break;
  }
  return k + 1;
}

/** bytes of the value's own that may stand between its quote and the digits: `+`, `(`, the letters of a country */
const OWN_MAX = 6;

/** The value's own quote stands before it, perhaps with a few bytes of the value between. */
function quotesTouch(buf: Uint8Array, at: number): boolean {
  for (let p = at - 1; p >= at - OWN_MAX; p--) {
    const b = buf[p]!;
    if (b === 0x22) return true;
    if (b !== 0x20 && b !== 0x28 && b !== 0x2b && b !== 0x2d && (CLASS[b]! & ALPHA) === 0) return false;
  }
  return false;
}
