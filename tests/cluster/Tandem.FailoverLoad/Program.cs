using System.Globalization;
using Tandem.FailoverLoad;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
var (kills, hangs) = (Number("--kills", 10), Number("--hangs", 2));
var random = new Random(20_261_124);
var folder = Directory.CreateTempSubdirectory("tandem-cluster-").FullName;
// The postgres user has to get through to its nodes.
await Programs.Run("chmod", "755", folder);
Console.Error.WriteLine($"Logs are in {folder}.");

if (!await Test())
    return 1;
Directory.Delete(folder, recursive: true);
return 0;

async Task<bool> Test()
{
    using var cluster = await Cluster.Start(folder);
    AppDomain.CurrentDomain.ProcessExit += (_, _) => cluster.Dispose();
    await cluster.Whole();
    Console.Error.WriteLine("The cluster is whole.");
    // Together, on an empty database: one of them makes the tables and the seed.
    using var first = new TandemNode($"{folder}/tandem1", cluster.Connection);
    using var second = new TandemNode($"{folder}/tandem2", cluster.Connection);
    AppDomain.CurrentDomain.ProcessExit += (_, _) => { first.Dispose(); second.Dispose(); };
    await Task.WhenAll(first.Ready(), second.Ready());

    var tally = new Tally();
    using var load = new Load([first, second], tally);
    using var stop = new CancellationTokenSource();
    var running = load.Run(stop.Token);
    await Pause();

    var killed = new List<Kill>();
    for (var i = 1; i <= kills + hangs; i++)
    {
        var primary = await cluster.Primary();
        var death = i > kills ? Death.Hanging : i % 2 == 1 ? Death.Postmaster : Death.Machine;
        var at = tally.Now;
        await primary.Die(death);
        await cluster.Primary(dead: primary);
        var promoted = tally.Now;
        if (death == Death.Hanging)
            await Task.Delay(Kill.BesideHung);
        await primary.Return(death);
        await cluster.Whole();
        killed.Add(new Kill(i, primary.Name, death, at, promoted, tally.Now));
        Console.Error.WriteLine($"{i}. {primary.Name} ({death}): new primary after {(promoted - at).TotalSeconds:0.0} s, whole after "
            + $"{(tally.Now - at).TotalSeconds:0.0} s; {tally.Acknowledged.Count:N0} writes, {tally.Faults.Count} faults");
        await Pause();
        if (running.IsFaulted)
            break;
    }

    await stop.CancelAsync();
    await running;
    var rules = await Ledger.Check(cluster.Connection, tally);
    var allRun = first.Runs && second.Runs;
    var text = Report.Text(killed, tally, rules, allRun, tally.Now);
    Console.WriteLine(text);
    foreach (var fault in tally.Faults.Take(20))
        Console.Error.WriteLine($"Fault: {fault}");
    if (Option("--report") is { } page)
        await Report.Insert(page, text);
    return tally.Faults.IsEmpty && allRun && rules.All(r => r.Exceptions == 0);
}

Task Pause() => Task.Delay(random.Next(3_000, 7_000));

int Number(string name, int usual) => Option(name) is { } number ? int.Parse(number, CultureInfo.CurrentCulture) : usual;

string? Option(string name)
{
    var place = Array.IndexOf(args, name);
    return place >= 0 ? args.ElementAtOrDefault(place + 1) : null;
}
