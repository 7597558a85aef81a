using Tandem.Load;

// answer FILE…       a Kestrel that answers files from memory: the floor of a read over HTTP
// bare-sqlite …      the statements of a write without HTTP: the floor of a write
// run [--quick] [--only WORDS]  everything, and the report; or the cases alone whose name holds the words
return args switch
{
    ["answer", var url, .. var files] => await MemoryServer.Run(url, files),
    ["run", .. var options] => await new LoadRun(
        options.Contains("--quick"), options.SkipWhile(o => o != "--only").ElementAtOrDefault(1) ?? "").Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bench/run [--quick] [--only 'PostgreSQL get']");
    return 1;
}
