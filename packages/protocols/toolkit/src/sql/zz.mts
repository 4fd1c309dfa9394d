import { loadModule, scanSync } from "libpg-query"; import { tokenize } from "./lexer.ts"; import fc from "fast-check";
await loadModule();
const P=["'a'", "''''", "E'\\''", "U&'\\0061'", '"q""q"', 'U&"x"', "$$a$b$$", "$t$a$$b$t$", "$1", "1", "1.5", ".5", "1e5", "0x1F", "1_000","a", "é", "_b$1", "+", "-", "<>", "||", "->>", "@>", "!=", "(", ")", "[", "]", ",", "/* c /* d */ ' */", "-- '\n", "b'01'", "x'ff'", "n'a'"];
const f=(sql:string)=>{let a,b;try{a=scanSync(sql).tokens.filter(t=>!t.tokenName.endsWith("COMMENT")).map(t=>t.start+"-"+t.end).join();}catch(e){a="ERR"+e}; b=tokenize(sql).map(t=>Buffer.byteLength(sql.slice(0,t.start))+"-"+Buffer.byteLength(sql.slice(0,t.end))).join(); if(a!==b)console.log(JSON.stringify(sql),a,"OURS",b);};
for(const x of P) for(const w of [" ","\n","\t "]) for (const y of P) f(x+w+y+" ");
for (let i=0;i<300000;i++){ const n=3+Math.floor(Math.random()*3); let s=""; for(let k=0;k<n;k++) s+=P[Math.floor(Math.random()*P.length)]+[" ","\n","\t ","",""][Math.floor(Math.random()*5)]; f(s); }
