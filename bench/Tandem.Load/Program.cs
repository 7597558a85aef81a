using Tandem.Load;

// answer FILE…       a Kestrel that answers files from memory: the floor of a read over HTTP
// bare-sqlite …      the statements of a write without HTTP: the floor of a write
// run [--quick]      everything, and the report
return args switch
{
    ["answer", var url, .. var files] => await MemoryServer.Run(url, files),
    ["run", .. var options] => await new LoadRun(options.Contains("--quick")).Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bench/run [--quick]");
    return 1;
}
