from reportgen.site.linkcheck import check_links


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_html", ".html").replace("_css", ".css")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_whole_tree_has_nothing_to_tell(tmp_path):
    write(
        tmp_path,
        index_html='<a href="a/index.html#x">a</a><a href="#here" id="here">h</a><a href="https://e.example/">e</a>',
        a__index_html='<p id="x"><a href="../index.html">up</a><img src="../i.svg"><link rel=stylesheet href="../s.css">',
        s_css="p { background: url(i.svg) }",
    )
    (tmp_path / "i.svg").write_text("<svg/>")
    assert check_links(tmp_path) == []


def test_a_view_in_an_address_is_no_id(tmp_path):
    views = ("q=f1&t.sort=2d", "runs=a/1,a/2", "t3.find=svc", "x=1", "query=f1")
    write(tmp_path, index_html="".join(f'<a href="a/index.html#{view}">' for view in views), a__index_html="<p>")
    assert [link.target for link in check_links(tmp_path)] == ["a/index.html#x=1", "a/index.html#query=f1"]


def test_every_kind_of_broken_link_is_told_with_its_line(tmp_path):
    write(
        tmp_path,
        index_html=(
            '<a href="gone.html">\n<a href="a/index.html#y">\n<a href="#no">\n<a href="a">\n<a href="/abs.html">\n'
            '<a href="javascript:alert(1)">\n<img srcset="x.png 2x">\n<p id=d><p id=d>\n'
            '<meta http-equiv="refresh" content="0; url=off/">\n<a href="../outside.html">'
        ),
        a__index_html="<p id=x>",
        s_css="\n@font-face { src: url('f.woff') }",
    )
    told = [(link.page, link.line, link.target, link.reason) for link in check_links(tmp_path)]
    assert sorted(told, key=lambda entry: (entry[0], entry[1])) == [
        ("index.html", 1, "gone.html", "there is no such file"),
        ("index.html", 2, "a/index.html#y", "no such id on that page"),
        ("index.html", 3, "#no", "no such id on this page"),
        ("index.html", 4, "a", "is a directory"),
        ("index.html", 5, "/abs.html", "not relative"),
        ("index.html", 6, "javascript:alert(1)", "the scheme is not allowed"),
        ("index.html", 7, "x.png", "there is no such file"),
        ("index.html", 8, "#d", "the id is used twice"),
        ("index.html", 9, "off/", "there is no such file"),
        ("index.html", 10, "../outside.html", "there is no such file"),
        ("s.css", 2, "f.woff", "there is no such file"),
    ]
