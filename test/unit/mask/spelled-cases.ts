import type { KindCases } from './cases.js';

/** Numbers that are written with more than ASCII: what word processors, phones, other scripts and mail make of them. */
export const spelledCases: KindCases[] = [
  {
    kind: 'credit_card',
    found: [
      '⟦4111\u00a01111\u00a01111\u00a01111⟧',
      'card: ⟦4111\u202f1111\u202f1111\u202f1111⟧.',
      '⟦4111\u20071111\u20071111\u20071111⟧',
      '⟦4111\u20091111\u20091111\u20091111⟧',
      '⟦4111\u20111111\u20111111\u20111111⟧ x',
      '⟦4111\u20131111\u20131111\u20131111⟧',
      '⟦4111\u200b1111\u200b1111\u200b1111⟧',
      '⟦41\u00ad11111111111\u00ad111⟧',
      '⟦4111\u20601111\ufeff11111111⟧',
      '⟦\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11⟧',
      'no ⟦\uff14\uff11\uff11\uff11\uff0d\uff11\uff11\uff11\uff11\uff0d\uff11\uff11\uff11\uff11\uff0d\uff11\uff11\uff11\uff11⟧',
      '⟦\u0664\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661 \u0661\u0661\u0661\u0661⟧',
      '⟦\u06f4\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1\u06f1⟧',
      '⟦\u096a\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967\u0967⟧',
      '⟦\u0e54\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51\u0e51⟧',
      '⟦4111 1111 1111=\r\n 1111⟧',
      'paid ⟦41111111=\n11111111⟧ today',
    ],
    clean: [
      '2019\u20132020',
      '10\u00a0000\u00a0000 euros',
      'foo\u00a0bar 12\u00a0million',
      'pages 1234\u20135678',
      '4111\u00a01111\u00a01111\u00a01112',
      '\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff12',
      'x=\n4111',
      '\u20b9 \u0967,\u0968\u0969,\u096a\u096b\u096c',
    ],
  },
  {
    kind: 'us_ssn',
    found: [
      'SSN ⟦536\u201122\u20118726⟧',
      '⟦536\u201322\u20138726⟧ is',
      '12\u00a034 then some more words, and words and words and words and words: ⟦\u0665\u0663\u0666-\u0662\u0662-8726⟧<',
      'ssn: ⟦\u0665\u0663\u0666-\u0662\u0662-\u0668\u0667\u0662\u0666⟧',
      '⟦536-22=\r\n-8726⟧',
    ],
    clean: ['000\u201322\u20138726', '536\u2013220\u20138726'],
  },
  {
    kind: 'iban',
    found: [
      '⟦DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000⟧',
      '⟦GB29\u202fNWBK\u202f6016\u202f1331\u202f9268\u202f19⟧',
      '⟦\uff24\uff25\uff18\uff19\uff13\uff17\uff10\uff14\uff10\uff10\uff14\uff14\uff10\uff15\uff13\uff12\uff10\uff11\uff13\uff10\uff10\uff10⟧',
    ],
    clean: ['DE88\u00a03704\u00a00044\u00a00532\u00a00130\u00a000'],
  },
  {
    kind: 'phone',
    found: [
      '⟦+49\u00a030\u00a0901820⟧',
      'call ⟦+1\u2011415\u2011555\u20112671⟧ now',
      '\u202a⟦+49 171 5555555⟧\u202c',
      '⟦+49\u00a0171\u20115555555⟧',
      '⟦+\u0669\u0667\u0661 \u0665\u0660 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667⟧',
      'Tel ⟦\uff10\uff13-\uff11\uff12\uff13\uff14-\uff15\uff16\uff17\uff18⟧',
    ],
    clean: [
      '1\u20132\u20133',
      '\u0662\u0660\u0662\u0664-\u0660\u0661-\u0660\u0665 \u0661\u0660:\u0662\u0660',
      '\u4ef7\u683c\uff11\uff12\uff13\uff14\u5143\uff0c\u7f16\u53f7\uff15\uff16\uff17\uff18',
    ],
  },
  {
    kind: 'national_id',
    found: ['cpf ⟦390.533.447\u201105⟧', 'NIR : ⟦2\u00a084\u00a005\u00a088\u00a0088\u00a0025\u00a079⟧'],
    clean: ['version 390.533.448\u201105'],
  },
];
