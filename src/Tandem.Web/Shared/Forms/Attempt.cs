using System.Net;
using Tandem.Client;
using Tandem.Web.SignIn;

namespace Tandem.Web.Shared.Forms;

/// <summary>Changes that somebody asks for on a page, one at a time: whether one is under way, and what came of the last.</summary>
/// <param name="fields">The properties that have a field of their own, as the API names them.</param>
public sealed class Attempt(params IReadOnlyList<string> fields)
{
    private bool _leadsToFaults;

    public FormFaults Faults { get; } = new(fields);

    /// <summary>Why the server could not be asked, or could not answer.</summary>
    public Exception? Failure { get; private set; }

    public bool IsBusy { get; private set; }

    /// <summary>Of a creation: stays the same while nobody knows whether it has happened, so that it happens once.</summary>
    public string Key { get; private set; } = Guid.NewGuid().ToString();

    /// <summary>Forgets what was wrong.</summary>
    public void Clear()
    {
        Faults.Clear();
        Failure = null;
    }

    /// <summary>Makes a change, unless a field is wrong before it is sent.</summary>
    /// <param name="check">Adds what is wrong; nothing is sent then.</param>
    /// <param name="leads">Whether the focus goes to what is wrong: not of what nobody has asked for.</param>
    /// <returns>Whether it is made.</returns>
    public async Task<bool> Make(Func<Task> change, Action<FormFaults>? check = null, bool leads = true)
    {
        if (IsBusy)
            return false;
        Clear();
        check?.Invoke(Faults);
        if (Faults.Count == 0)
        {
            IsBusy = true;
            try
            {
                await change();
                Key = Guid.NewGuid().ToString();
            }
            catch (TandemException refused) when (refused.Status is HttpStatusCode.BadRequest or HttpStatusCode.Conflict)
            {
                Key = Guid.NewGuid().ToString();
                Faults.Add(refused);
            }
            catch (Exception failure) when (failure is TandemException or HttpRequestException or OperationCanceledException or SignedOutException)
            {
                Failure = failure;
            }
            finally
            {
                IsBusy = false;
            }
        }

        var isMade = Faults.Count == 0 && Failure is null;
        _leadsToFaults = leads && !isMade;
        return isMade;
    }

    /// <summary>Whether the focus should go to what is wrong; true once for each attempt that failed.</summary>
    public bool TakeLead()
    {
        var leads = _leadsToFaults;
        _leadsToFaults = false;
        return leads;
    }
}
