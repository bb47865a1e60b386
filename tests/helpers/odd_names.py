"""A vault whose things have names that are hard to tell apart: of two notes, of a class, with signs of Markdown."""

VAULT = {
    "lean.md": "---\naliases: [Lean thinking]\nrating: 5\nreading pace: slow\n---\nAn idea. #Outcome #flow/small\n"
    "# Outcomes\nPeople who use it ship [[Tea]] sooner.\n## Example\nAs [[Outcomes]] says.\n"
    "# Outputs\n- A board\n- [[a/Tea]]\n- [ ] build it\n# Example\nOnce. ^first-block\n# Example\nTwice: [[lean#Outcomes]].\n",
    "a/Tea.md": "---\ntitle: Warm water\nid: https://things.example/tea\n---\n# Outputs\n- A board\n- [ ] build it\n",
    "b/Tea.md": "# What: is [[lean|it]] | for?\nSee [[#What is it for]] and ![[map.png]], [[Pas encore]], [[Nope#Part]].\n",
    "deep/er/Rating.md": "[[b/Tea]] and [web](https://e.example/a%20b?c=d).\n",
    "Outcomes.md": "Named like a class. rating:: 3\n",
    "has outcome.md": "Named like a property.\n",
    "C sharp.md": "---\ntitle: 'C# basics'\n---\n# Types#here\n[[C sharp#Types here]]\n",
    "flow/small.md": "---\ntitle: '#flow'\n---\n[[kg]]\n",
    "kg.md": "---\ntitle: 'kg:Outcome'\n---\n",
    "Ann.md": "---\ntype: Author\n---\n",
    "Works.md": "# Resources\n- One Book - Ann\n- Other Book - Bo Li\n",
    "Board.canvas": '{"nodes":[{"id":"n1","type":"text","text":"See [[lean]] and #flow","x":0,"y":0,"width":1,"height":1}],"edges":[]}',
    "img/map.png": "x",
    "ontology/o.ttl": "@prefix ex: <https://o.example/#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    '@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\nex:Risk a owl:Class ; rdfs:label "Risk" .\n'
    'ex:Danger a owl:Class ; rdfs:label "Risk"@en .\nex:hits a owl:ObjectProperty ; rdfs:label "hits" .\n',
    "Storm.md": "---\ntype: ex:Risk\nhits: '[[lean]]'\n---\n",
    "queries/one.rq": "# One thing\n# param thing: note\nSELECT ?thing { VALUES ?x { 1 } BIND(?thing AS ?thing2) }\n",
    "queries/self.rq": "# A thing itself\n# param thing: note\nSELECT DISTINCT ?thing { { ?thing ?p ?o } UNION { ?s ?p ?thing } }\n",
}  # fmt: skip
