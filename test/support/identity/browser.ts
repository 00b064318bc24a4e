/** As much of a browser as a log-in takes: cookies by origin, redirects, forms, and a page that sends itself on. */
export class Browser {
  private readonly jars = new Map<string, Map<string, string>>();
  /** where it is now */
  url = '';

  cookies(url: string): string {
    return [...(this.jars.get(new URL(url).origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Goes there, and wherever it is sent; gives the last answer. */
  async go(to: string, init: RequestInit & { crossSite?: boolean } = {}): Promise<{ status: number; text: string; headers: Headers }> {
    const { origin } = new URL(to);
    const cookie = init.crossSite ? '' : this.cookies(to);
    const response = await fetch(to, { ...init, redirect: 'manual', headers: { ...init.headers, ...(cookie === '' ? {} : { cookie }) } });
    const jar = this.jars.get(origin) ?? new Map<string, string>();
    this.jars.set(origin, jar);
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const at = pair.indexOf('=');
      const gone = attributes.some((one) => /^ *(max-age=0|expires=Thu, 01 Jan 1970)/i.test(one));
      if (gone) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    this.url = to;
    const next = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && next !== null) return await this.go(new URL(next, to).href);
    const text = await response.text();
    const refresh = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(text)?.[1];
    if (refresh !== undefined) return await this.go(new URL(decodeEntities(refresh), to).href);
    return { status: response.status, text, headers: response.headers };
  }

  /** Fills in and sends the form of a page. `crossSite`: it goes to another site, which gets no cookie of its own then. */
  async submit(page: string, values: Record<string, string>, crossSite = false): ReturnType<Browser['go']> {
    const action = /<form[^>]*action="([^"]*)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`there is no form on ${this.url}: ${page.slice(0, 300)}`);
    const body = fieldsOf(page);
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    return await this.go(new URL(decodeEntities(action), this.url).href, {
      method: 'POST',
      body: body.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      crossSite,
    });
  }
}

/** Names and values of a page's form as it came. */
export function fieldsOf(page: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [tag] of page.matchAll(/<(?:input|button)[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(tag)?.[1];
    if (name !== undefined) fields.set(name, decodeEntities(/value="([^"]*)"/.exec(tag)?.[1] ?? ''));
  }
  return fields;
}

const decodeEntities = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39|#x2F);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x2F': '/' })[name]!,
  );
