#include "core/base/files.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace attune;
namespace fs = std::filesystem;

class TestFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void readingGivesBackWhatWasWritten();
    void readingAMissingFileIsNotFoundAndNamesIt();
    void readingAFolderIsAnError();
    void readingStopsAtTheLimit();
    void aFailedWriteLeavesTheOldContentAndNoTemporaryFile();
    void aWriteKeepsTheModeOfTheFileItReplaces();
    void aWriteThroughALinkReplacesItsTarget();
    void aWriteIntoAMissingFolderIsAnError();
    void aMapHoldsTheBytesAndOutlivesItsMove();
    void anEmptyFileMapsToNothing();
    void forgottenPagesReadTheSame();
    void whatIsReadOrAProjectIsNoOutput();
    void foldersFollowTheEnvironment();

private:
    QTemporaryDir m_folder;
    fs::path at(const char *name) const { return fs::path(m_folder.path().toStdString()) / name; }
};

namespace {

std::string text(const Result<std::string> &result)
{
    return result ? *result : "error: " + result.error().message;
}

std::size_t filesIn(const fs::path &folder)
{
    return std::size_t(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

} // namespace

void TestFiles::readingGivesBackWhatWasWritten()
{
    const std::string content = std::string(300'000, 'x') + '\0' + "end";
    QVERIFY(writeFileAtomically(at("a"), content));
    QCOMPARE(text(readFile(at("a"))), content);
    QVERIFY(writeFileAtomically(at("a"), [](const ByteSink &sink) -> Result<void> {
        ATTUNE_CHECK(sink(std::as_bytes(std::span("on", 2))));
        return sink(std::as_bytes(std::span("e", 1)));
    }));
    QCOMPARE(text(readFile(at("a"))), std::string("one"));
}

void TestFiles::readingAMissingFileIsNotFoundAndNamesIt()
{
    const auto result = readFile(at("missing"));
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::NotFound);
    QVERIFY(result.error().message.find("missing") != std::string::npos);
}

void TestFiles::readingAFolderIsAnError()
{
    QVERIFY(!readFile(at(".")));
    QVERIFY(!MappedFile::open(at(".")));
}

void TestFiles::readingStopsAtTheLimit()
{
    QVERIFY(writeFileAtomically(at("ten"), "0123456789"));
    QVERIFY(readFile(at("ten"), 10));
    const auto result = readFile(at("ten"), 9);
    QVERIFY(!result);
    QCOMPARE(result.error().code, ErrorCode::InvalidInput);
}

void TestFiles::aFailedWriteLeavesTheOldContentAndNoTemporaryFile()
{
    const fs::path folder = at("failed");
    fs::create_directory(folder);
    QVERIFY(writeFileAtomically(folder / "a", "old"));
    const auto result = writeFileAtomically(folder / "a", [](const ByteSink &sink) -> Result<void> {
        ATTUNE_CHECK(sink(std::as_bytes(std::span("half", 4))));
        return fail(ErrorCode::Internal, "stopped");
    });
    QVERIFY(!result);
    QCOMPARE(result.error().message, std::string("stopped"));
    QCOMPARE(text(readFile(folder / "a")), std::string("old"));
    QCOMPARE(filesIn(folder), std::size_t(1));
}

void TestFiles::aWriteKeepsTheModeOfTheFileItReplaces()
{
    QVERIFY(writeFileAtomically(at("private"), "1"));
    fs::permissions(at("private"), fs::perms::owner_read | fs::perms::owner_write);
    QVERIFY(writeFileAtomically(at("private"), "2"));
    QCOMPARE(fs::status(at("private")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

void TestFiles::aWriteThroughALinkReplacesItsTarget()
{
    QVERIFY(writeFileAtomically(at("target"), "1"));
    fs::create_symlink(at("target"), at("link"));
    QVERIFY(writeFileAtomically(at("link"), "2"));
    QVERIFY(fs::is_symlink(at("link")));
    QCOMPARE(text(readFile(at("target"))), std::string("2"));
}

void TestFiles::aWriteIntoAMissingFolderIsAnError()
{
    const auto result = writeFileAtomically(at("no/such/file"), "1");
    QVERIFY(!result);
    QVERIFY(result.error().message.find("no/such/file") != std::string::npos);
}

void TestFiles::aMapHoldsTheBytesAndOutlivesItsMove()
{
    QVERIFY(writeFileAtomically(at("mapped"), "hello"));
    auto opened = MappedFile::open(at("mapped"));
    QVERIFY(opened);
    const std::byte *address = opened->bytes().data();
    MappedFile moved = std::move(*opened);
    QCOMPARE(moved.bytes().data(), address);
    QCOMPARE(moved.bytes().size(), std::size_t(5));
    auto other = MappedFile::open(at("mapped"));
    QVERIFY(other);
    *other = std::move(moved);
    QCOMPARE(other->bytes().data(), address);
    QCOMPARE(static_cast<char>(other->bytes()[4]), 'o');
}

void TestFiles::anEmptyFileMapsToNothing()
{
    QVERIFY(writeFileAtomically(at("empty"), ""));
    const auto opened = MappedFile::open(at("empty"));
    QVERIFY(opened);
    QVERIFY(opened->bytes().empty());
    opened->forget(opened->bytes());
}

void TestFiles::forgottenPagesReadTheSame()
{
    std::string content(100'000, '\0');
    for (std::size_t i = 0; i < content.size(); ++i)
        content[i] = static_cast<char>(i % 251);
    QVERIFY(writeFileAtomically(at("large"), content));
    const auto opened = MappedFile::open(at("large"));
    QVERIFY(opened);
    opened->forget(opened->bytes().subspan(5000, 50'000));
    opened->forget(std::as_bytes(std::span(content))); // not of this file: no effect
    const auto *bytes = reinterpret_cast<const char *>(opened->bytes().data());
    QCOMPARE(std::string(bytes, opened->bytes().size()), content);
}

void TestFiles::whatIsReadOrAProjectIsNoOutput()
{
    fs::create_directories(at("model"));
    for (const char *name : {"given", "model/weights", "other"})
        QVERIFY(writeFileAtomically(at(name), "x"));
    QVERIFY(writeFileAtomically(at("p.attune"), std::string("SQLite format 3\0 and so on", 26)));
    fs::create_symlink(at("given"), at("given-link"));
    const std::initializer_list<fs::path> inputs{at("given"), at("model"), {}, "a-known-name"};
    for (const char *name : {"given", "given-link", "model/weights", "p.attune"}) {
        const auto checked = checkOutput(at(name), inputs);
        QVERIFY2(!checked && checked.error().message.find(name) != std::string::npos, name);
    }
    for (const char *name : {"new", "other", "model/new", "no folder/new"})
        QVERIFY2(checkOutput(at(name), inputs), name);
    QVERIFY(checkOutput({}, inputs));
}

void TestFiles::foldersFollowTheEnvironment()
{
    ::setenv("ATTUNE_CACHE", "/somewhere", 1);
    QCOMPARE(cacheFolder(), fs::path("/somewhere"));
    ::unsetenv("ATTUNE_CACHE");
    ::setenv("XDG_CACHE_HOME", "/xdg", 1);
    QCOMPARE(cacheFolder(), fs::path("/xdg/attune"));
    ::setenv("XDG_CACHE_HOME", "relative", 1);
    ::setenv("HOME", "/home/a", 1);
    QCOMPARE(cacheFolder(), fs::path("/home/a/.cache/attune"));
    ::unsetenv("ATTUNE_DATA");
    ::unsetenv("XDG_DATA_HOME");
    QCOMPARE(dataFolder(), fs::path("/home/a/.local/share/attune"));
}

QTEST_APPLESS_MAIN(TestFiles)
#include "tst_files.moc"
